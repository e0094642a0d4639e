"""A real SMTP server, in a thread of the test: keeps what it is sent, and answers as badly as it is told to."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.polling import eventually
from tests.services import free_port


@dataclass(frozen=True, slots=True)
class Received:
    """One message that the server took."""

    sender: str
    recipients: list[str]
    #: As it came, with CRLF.
    raw: bytes
    #: By which connection it came, counted from 1.
    connection: int
    #: The client's port, which tells connections apart even between runs of the server.
    port: int
    #: When, as time.time() has it.
    at: float

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return str(BytesHeaderParser().parsebytes(self.raw)["Message-ID"]).strip()

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        found = BytesParser(policy=policy.default).parsebytes(self.raw)
        assert isinstance(found, EmailMessage)
        return found

    def text(self, kind: str = "plain") -> str:
        """Return its body: "plain" or "html"."""
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content())


class _Protocol(SMTP):
    """One connection."""

    def __init__(self, server: "SmtpServer", **options: Any) -> None:
        super().__init__(server, hostname="mail.test", ident="tests", enable_SMTPUTF8=False, **options)
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.open_connections.append(transport)
        self._server.connections += 1
        self.number = self._server.connections
        self.port = int(transport.get_extra_info("peername")[1])
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        transport, handler = self.transport, self._handler_coroutine
        super().connection_lost(error)
        if transport in self._server.open_connections:
            self._server.open_connections.remove(transport)
        if handler is not None:
            self._server.endings.append(handler)


@dataclass
class SmtpServer:
    """Listens between entering and leaving. What it shall answer can be changed at any time.

    with SmtpServer() as server:
        settings = override_settings(**server.settings())
        server.refused["bob@kiteworks.example"] = "550 5.1.1 No such user"
    """

    #: What it says to RCPT, by address in lower case.
    refused: dict[str, str] = field(default_factory=dict)
    #: What it says to each MAIL, and to each message.
    at_mail: str = ""
    at_data: str = ""
    #: So many times it says 421 to MAIL.
    goodbyes: int = 0
    #: So many seconds it thinks about each message.
    delay: float = 0.0
    #: So many seconds it takes to say that it has taken one.
    hesitation: float = 0.0
    #: Takes a message, and hangs up without a word.
    drops_after_data: bool = False
    #: User and password without which it takes nothing.
    login: tuple[str, str] | None = None
    #: What it says to those who give others; "{}" is what they gave.
    at_login: str = "535 5.7.8 Authentication failed"
    #: Each message's id is in this file, a line for each, before the client knows that it was taken.
    log: Path | None = None

    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    #: How many connections there have been.
    connections: int = 0

    open_connections: list[Any] = field(default_factory=list, repr=False)
    endings: list[Any] = field(default_factory=list, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address for EMAIL_URL."""
        user = f"{':'.join(quote(each, safe='') for each in self.login)}@" if self.login else ""
        return f"smtp://{user}{self.host}:{self.port}"

    def settings(self) -> dict[str, Any]:
        """Return the Django settings of who sends by this server."""
        user, password = self.login or ("", "")
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": self.host,
            "EMAIL_PORT": self.port,
            "EMAIL_HOST_USER": user,
            "EMAIL_HOST_PASSWORD": password,
            "EMAIL_USE_TLS": False,
            "EMAIL_USE_SSL": False,
        }

    @property
    def is_running(self) -> bool:
        """Whether it listens."""
        return hasattr(self, "_thread")

    def start(self) -> None:
        """Listen, again on the same port if it was stopped."""
        assert not self.is_running
        self._loop = asyncio.new_event_loop()
        self._listening = self._loop.run_until_complete(
            self._loop.create_server(self._connection, self.host, self.port)
        )
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody, and listen no more; nothing if it does not."""
        if not self.is_running:
            return
        self._run(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        del self._thread

    def hang_up(self) -> None:
        """Close the connections that there are, as a server does with the idle ones."""
        self._run(self._close_connections)

    def wait_until_idle(self) -> None:
        """Wait until everybody has hung up; fail if somebody does not."""
        eventually(lambda: not self.open_connections, what="all connections are closed")

    def ids(self) -> list[str]:
        """Return the Message-ID of each message that was taken, in order."""
        return [each.message_id for each in list(self.received)]

    def to(self, address: str) -> list[Received]:
        """Return what was taken for an address."""
        return [each for each in list(self.received) if address in each.recipients]

    def _connection(self) -> _Protocol:
        return _Protocol(
            self,
            loop=self._loop,
            auth_require_tls=False,
            authenticator=self._authenticate if self.login else None,
        )

    def _run(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(function(), self._loop).result(10)

    async def _end(self) -> None:
        self._listening.close()
        await self._close_connections()
        await self._listening.wait_closed()

    async def _close_connections(self) -> None:
        for transport in list(self.open_connections):
            transport.abort()
        while self.open_connections:
            await asyncio.sleep(0)
        endings, self.endings = self.endings, []
        await asyncio.gather(*endings, return_exceptions=True)

    # What aiosmtpd asks us, by names that it has chosen.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a sender."""
        if self.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.goodbyes:
            self.goodbyes -= 1
            return "421 4.4.2 Idle for too long"
        if self.at_mail:
            return self.at_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        if refusal := self.refused.get(address.lower()):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: _Protocol, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer to a message."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.at_data:
            return self.at_data
        number = self._keep(server, session, envelope)
        if self.hesitation:
            await asyncio.sleep(self.hesitation)
        if self.drops_after_data:
            self._hang_up_on(server)
        return f"250 2.0.0 Ok: queued as {number:06X}"

    def _hang_up_on(self, server: _Protocol) -> None:
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()

    def _keep(self, server: _Protocol, session: Session, envelope: Envelope) -> int:
        assert isinstance(envelope.original_content, bytes)
        found = Received(
            sender=envelope.mail_from or "",
            recipients=list(envelope.rcpt_tos),
            raw=envelope.original_content,
            connection=server.number,
            port=server.port,
            at=time.time(),
        )
        if self.log:
            _append(self.log, found.message_id)
        self.received.append(found)
        return len(self.received)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        given = data.login.decode(), data.password.decode()
        if given == self.login:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=self.at_login.format(":".join(given)))


def _append(place: Path, line: str) -> None:
    """Write a line that is still there if the power fails."""
    descriptor = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
