"""A request and its answer.

No redirect is followed, nothing is decompressed, no proxy is taken from the environment, and nothing is tried twice:
that is for the delivery to decide. A call has a connection of its own.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache

import httpcore

from engagement import __version__
from engagement.channels.http.answer import Answer, shown
from engagement.channels.http.connection import Backend, Deadline, Resolve
from engagement.channels.http.errors import NoConnection, RefusedAddress, TimedOut
from engagement.channels.http.place import Place, place_of

AGENT = f"Carillon/{__version__}"
#: Of an answer's body, in bytes; the rest is not read.
LONGEST_BODY = 65_536


def post(
    url: str,
    *,
    content: bytes,
    headers: Mapping[str, str],
    seconds: float,
    is_trusted: bool = False,
    resolve: Resolve = socket.getaddrinfo,
    trust: ssl.SSLContext | None = None,
) -> Answer:
    """Send a request, within so many seconds, and return the answer, whatever its status; raise HttpError.

    `is_trusted` is for addresses that an operator has configured: they may be anywhere. Others go to the internet by
    https, or to where ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS permits it. `trust` says whose certificates are good.
    """
    deadline = Deadline(seconds)
    try:
        place = place_of(url)
    except ValueError as error:
        # What an operator has mistyped, they can mend.
        raise RefusedAddress(str(error), permanent=not is_trusted) from error
    backend = Backend(place, deadline, is_trusted=is_trusted, resolve=resolve)
    with (
        _translated(),
        httpcore.ConnectionPool(trust or _usual_trust(), network_backend=backend) as pool,
        pool.stream("POST", _url(place), headers=_headers(place, headers), content=content) as response,
    ):
        return Answer(response.status, _joined(response.headers), _body(response))


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what goes wrong on the way as HttpError; anything else is a mistake of ours."""
    try:
        yield
    except TimeoutError as error:
        raise TimedOut(str(error)) from error
    except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise NoConnection(shown(f"{type(error).__name__}: {error}")) from error


@cache
def _usual_trust() -> ssl.SSLContext:
    """Return who is trusted: the machine's own list, and certifi's. It takes a while to read them."""
    return httpcore.default_ssl_context()


def _url(place: Place) -> httpcore.URL:
    """Return the parts as they are, so that nobody takes them apart in another way."""
    return httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=place.target)


def _headers(place: Place, given: Mapping[str, str]) -> list[tuple[str, str]]:
    ours = {"Host": place.authority, "Accept-Encoding": "identity", "Connection": "close"}
    return list(({"User-Agent": AGENT} | dict(given) | ours).items())


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in found.items()}


def _body(response: httpcore.Response) -> bytes:
    """Return the beginning of the body.

    What breaks off or comes too late is missed, and the status counts: who has said 200 has taken what we sent, and
    must not be sent it again because of their small talk.
    """
    found = bytearray()
    with suppress(OSError, httpcore.ProtocolError):
        for piece in response.iter_stream():
            found += piece
            if len(found) >= LONGEST_BODY:
                break
    return bytes(found[:LONGEST_BODY])
