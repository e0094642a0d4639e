"""The way to Google: an app of its SDK of our own, which tries everything once.

Left to itself the SDK sends a message up to five times and sleeps in between: a 503 takes seven seconds of a thread,
and whoever counts the attempts sees none of it. So its session is replaced by one that tries once. The access token is
got beforehand, by one thread for all; what goes wrong with it is no message's fault.
"""

import itertools
import os
import threading
import weakref
from functools import partial
from typing import Any, TypeVar, cast

import firebase_admin
import requests
from firebase_admin import _http_client, messaging
from firebase_admin.credentials import Certificate
from google.auth import exceptions
from google.auth.credentials import TokenState
from google.auth.transport import DEFAULT_RETRYABLE_STATUS_CODES
from google.auth.transport.requests import AuthorizedSession, Request
from requests.adapters import HTTPAdapter
from urllib3 import Retry, Timeout

from engagement.push import account

#: For a message; for an access token; and how long a thread waits while another gets one. Together they are within 0.4
#: of a lease.
SEND_SECONDS, TOKEN_SECONDS, WAIT_SECONDS = 20, 10, 5
#: Kept open; more than a worker has threads.
CONNECTIONS = 20
ONCE = Retry(
    0, connect=0, read=0, redirect=0, status=0, raise_on_status=False, respect_retry_after_header=False
)

Session = TypeVar("Session", bound=requests.Session)

_numbers = itertools.count(1)


class AskOnce(Request):
    """How an access token is asked for: google-auth would ask three times, and sleep in between."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Return the answer, unless it is one after which google-auth would ask again."""
        found = super().__call__(*args, **options)  # type: ignore[no-untyped-call]
        if found.status in DEFAULT_RETRYABLE_STATUS_CODES:
            raise exceptions.RefreshError(f"{found.status} for an access token", retryable=True)
        return found


class Line:
    """A credential with its access token and connections, for the threads of one process."""

    def __init__(self, certificate: Certificate) -> None:
        self._credential = certificate.get_credential()
        self._token_lock = threading.Lock()
        token_session = _once(requests.Session())
        self._ask = partial(AskOnce(token_session), timeout=Timeout(total=TOKEN_SECONDS))
        session = _once(AuthorizedSession(self._credential, refresh_status_codes=(), auth_request=self._ask))
        self._app = firebase_admin.initialize_app(
            certificate, {"httpTimeout": SEND_SECONDS}, name=f"carillon-{os.getpid()}-{next(_numbers)}"
        )
        # Here, and nowhere else, is what the SDK does not promise to have.
        service = messaging._get_messaging_service(self._app)
        service._client.close()
        service._client = _http_client.JsonHttpClient(
            session=session, retries=None, timeout=Timeout(total=SEND_SECONDS)
        )
        # Not before the last thread is done with it, which may still send while others have a new one.
        weakref.finalize(self, _close, self._app, session, token_session).atexit = False

    def send(self, message: messaging.Message) -> str:
        """Send a message and return what FCM calls it; raise what the SDK and google-auth do."""
        self._get_token()
        return cast("str", messaging.send(message, app=self._app))

    def _get_token(self) -> None:
        if self._credential.token_state == TokenState.FRESH:
            return
        if not self._token_lock.acquire(timeout=WAIT_SECONDS):
            raise exceptions.TransportError("Another thread is still waiting for an access token.")
        try:
            if self._credential.token_state != TokenState.FRESH:
                self._credential.refresh(self._ask)
        finally:
            self._token_lock.release()


class Lines:
    """Keeps the line of this process; there is another after a fork, or with another setting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._made_for: tuple[int, str] | None = None

    def line(self) -> Line:
        """Return the line for the settings as they are; raise ImproperlyConfigured."""
        wanted = os.getpid(), account.given()
        with self._lock:
            if self._line is None or self._made_for != wanted:
                self._line, self._made_for = Line(account.certificate(wanted[1])), wanted
            return self._line

    def forget(self, line: Line) -> None:
        """Read the credentials again when they are next needed: somebody may have put better ones there."""
        with self._lock:
            if self._line is line:
                self._line = None
                account.certificate.cache_clear()

    def close(self) -> None:
        """Hang up, as soon as nobody is sending any more."""
        with self._lock:
            self._line = None

    def after_fork(self) -> None:
        """Have a lock that nobody holds: whoever did is a thread of the parent."""
        self._lock = threading.Lock()


lines = Lines()
os.register_at_fork(after_in_child=lines.after_fork)


def _once(session: Session) -> Session:
    """Have a session try each request once, and go nowhere else."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=ONCE))
    session.max_redirects = 0
    return session


def _close(app: firebase_admin.App, *sessions: requests.Session) -> None:
    for session in sessions:
        session.close()
    firebase_admin.delete_app(app)
