"""No mail takes so long that another worker may have it before this one is done.

The time-out of a socket is of each operation: a server that says one byte now and then could go on for ever, and the
lease would run out under a mail that is still being sent. So each operation gets what is left of the mail's own time.
It needs no thread and no signal.
"""

import io
import smtplib
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from events.conf import conf

#: The part of a lease that opening the connection and handing over a mail may take together. Half a lease may have gone
#: by when a mail's turn comes; what remains is for recording the answer.
PART = 0.4
#: A message is handed to the socket in pieces, since over TLS the time-out is of each record, which is of this length.
PIECE = 16_384


class Deadline:
    """Until when the mail that is being sent must be done."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Count from now on."""
        self._seconds = conf.lease_seconds * PART
        self._end = time.monotonic() + self._seconds

    def check(self) -> None:
        """Raise TimeoutError if it has passed."""
        if time.monotonic() >= self._end:
            raise TimeoutError(f"timed out: a mail may take {self._seconds:g} s")

    def left(self) -> float:
        """Return how many seconds there are, or next to nothing: 0 would mean that a socket does not wait at all."""
        return max(self._end - time.monotonic(), 0.001)


class Replies(io.RawIOBase):
    """What a server says, for as long as there is time."""

    def __init__(self, limited: Callable[[], socket.socket]) -> None:
        self._limited = limited

    def readable(self) -> bool:
        """Say so."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, or wait for something."""
        return self._limited().recv_into(buffer)


class Punctual(smtplib.SMTP):
    """A connection that ends with an error rather than late; mixed in before the class that it is of."""

    def __init__(self, *args: Any, deadline: Deadline, **options: Any) -> None:
        self._deadline = deadline
        super().__init__(*args, **options)

    def connect(
        self, host: str = "localhost", port: int = 0, *args: Any, **options: Any
    ) -> tuple[int, bytes]:
        """Try each address of the host for its share of the time; one is for TLS."""
        shares = len(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)) + 1
        self._deadline.check()
        patience, self.timeout = self.timeout, min(self.timeout, self._deadline.left() / shares)
        try:
            return super().connect(host, port, *args, **options)
        finally:
            self.timeout = patience

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer of any number of lines."""
        if self.file is None:
            self.file = io.BufferedReader(Replies(self._limited))
        found = super().getreply()
        # It may have been in time only just, and is good; but what follows may be TLS's handshake.
        self._hurry()
        return found

    def send(self, s: Any) -> None:
        """Send a command, or a message."""
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(data), PIECE):
            if self.sock is not None:
                self._limit_or_end()
            super().send(data[start : start + PIECE])

    def _limit_or_end(self) -> None:
        try:
            self._limited()
        except TimeoutError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error)) from error

    def _limited(self) -> socket.socket:
        """Return the socket, whose next operation ends in time; raise TimeoutError if there is none left."""
        self._deadline.check()
        self._hurry()
        return self.sock  # type: ignore[return-value]  # there is one: whatever closes it forgets the replies as well

    def _hurry(self) -> None:
        if self.sock is not None:
            self.sock.settimeout(min(self.timeout, self._deadline.left()))


class PunctualBackend(SmtpBackend):
    """Makes such connections; mixed in before the class that EMAIL_BACKEND names."""

    deadline: Deadline

    @property
    def connection_class(self) -> Any:
        """Return what makes one."""
        return partial(_mixed(Punctual, super().connection_class), deadline=self.deadline)


def keep(backend: BaseEmailBackend, deadline: Deadline, timeout: float) -> None:
    """Have a backend keep to a deadline; one without a time-out of its own gets this one, in seconds.

    Others than SMTP can only be told how long to wait for an answer, and for the connection before it.
    """
    if isinstance(backend, SmtpBackend):
        backend.timeout = timeout if backend.timeout is None else backend.timeout
        # Django asks the class of a backend how to make a connection, and talks to the server before returning it.
        backend.__class__ = _mixed(PunctualBackend, type(backend))
        backend.deadline = deadline  # type: ignore[attr-defined]
    elif isinstance(theirs := getattr(backend, "timeout", None), int | float):
        backend.timeout = min(theirs, deadline.left() / 2)  # type: ignore[attr-defined]


def _mixed(first: type[Any], second: type[Any]) -> Any:
    return type(second.__name__, (first, second), {})
