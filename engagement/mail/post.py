"""One connection to who takes our mails, for those of one turn."""

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from engagement.mail import provider
from engagement.mail.deadline import Deadline, keep
from engagement.mail.mail import Mail
from engagement.mail.refusal import codes_of, meaning, text_of
from engagement.outgoing import DeliveryError, Sent

logger = logging.getLogger(__name__)

#: Where EMAIL_TIMEOUT says nothing: a server that does not answer must not hold the turn for ever.
TIMEOUT_SECONDS = 10.0
#: Service not available, closing transmission channel.
GOODBYE = 421


class Listener:
    """Keeps what a server says to DATA: smtplib does not pass it on, and it has the id in the server's queue."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._data = server.data
        #: Whether the server has seen the message, or some of it.
        self.is_asked = False
        self.answer = ""
        server.data = self.data  # type: ignore[method-assign]

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Do what smtplib does."""
        self.is_asked = True
        code, said = self._data(msg)
        self.answer = text_of(code, said)
        return code, said


class Post:
    """Opened by the first mail, and again after it broke."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._listener: Listener | None = None
        self._deadline = Deadline()
        #: Whether the last attempt to open it failed: what is no mail's own fault.
        self._is_unreachable = False

    def send(self, mail: Mail) -> Sent:
        """Hand over a mail and return the answer; raise DeliveryError, or what is no matter of this mail.

        Either is done well before half a lease is over.
        """
        self._deadline.start()
        try:
            return self._send(mail)
        except Exception as error:
            refused = meaning(error, mail)
            if refused is None:
                raise
            if isinstance(error, smtplib.SMTPServerDisconnected) and self._is_asked:
                refused.answer += " (it may have been taken)"
            refused.unreachable = self._is_unreachable
            raise refused from (None if refused is error else error)

    def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        self._deadline.start()
        self._drop()

    def _drop(self) -> None:
        backend, self._backend = self._backend, None
        if backend is not None:
            _close(backend)

    def _send(self, mail: Mail) -> Sent:
        """Send it; a second time only if the server had closed a connection on which nothing was said for a while."""
        was_open = self._backend is not None
        try:
            return self._hand_over(mail)
        except smtplib.SMTPException as error:
            if not (was_open and self._was_idle(error)):
                raise
        return self._hand_over(mail)

    def _hand_over(self, mail: Mail) -> Sent:
        backend = self._backend or self._open()
        if self._listener:
            self._listener.is_asked = False
        try:
            taken = provider.hand_over(backend, mail)
        except BaseException as error:
            if not _goes_on(error):
                self._drop()
            raise
        # Some backends of others count nothing and return None.
        if taken == 0:
            raise DeliveryError(f"{settings.EMAIL_BACKEND} took no message.")
        return provider.sent(mail) or Sent(self._answer())

    def _open(self) -> BaseEmailBackend:
        backend, self._listener, self._is_unreachable = get_connection(), None, True
        keep(backend, self._deadline, TIMEOUT_SECONDS)
        try:
            backend.open()
            # Nothing is sent on what took too long to open.
            self._deadline.check()
        except BaseException:
            _close(backend)
            raise
        server = getattr(backend, "connection", None)
        if isinstance(server, smtplib.SMTP):
            self._listener = Listener(server)
        self._backend, self._is_unreachable = backend, False
        return backend

    @property
    def _is_asked(self) -> bool:
        return self._listener is not None and self._listener.is_asked

    def _answer(self) -> str:
        return self._listener.answer if self._listener else f"taken by {settings.EMAIL_BACKEND}"

    def _was_idle(self, error: smtplib.SMTPException) -> bool:
        """Tell whether the server had gone before it saw anything of the message; 421 is what some say as they go."""
        if self._backend is not None or self._is_asked:
            return False
        if isinstance(error, smtplib.SMTPSenderRefused):
            return error.smtp_code == GOODBYE
        is_late = isinstance(error.__context__, TimeoutError)
        return isinstance(error, smtplib.SMTPServerDisconnected) and not is_late


def _goes_on(error: BaseException) -> bool:
    """Tell whether the connection is good for the next message."""
    codes = codes_of(error)
    return bool(codes) and all(400 <= code < 600 and code != GOODBYE for code in codes)


def _close(backend: BaseEmailBackend) -> None:
    """Close it; what goes wrong then is of no consequence: each message has had its answer."""
    try:
        backend.close()
    except OSError as error:
        logger.info("The connection of %s was not closed in order: %s", settings.EMAIL_BACKEND, error)
