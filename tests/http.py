"""A real HTTP server, in threads of the test: keeps what it is sent, and answers as badly as it is told to."""

import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.polling import eventually

#: In which a long body is sent, so that nobody has all of it in memory.
PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the server has read."""

    method: str
    #: With its query.
    path: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: When, as time.time() has it.
    at: float
    #: The client's port, which tells connections apart.
    port: int

    @property
    def json(self) -> Any:
        """Its body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server says, and how."""

    status: int = 200
    #: Anything but text and bytes is sent as JSON.
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The body is sent so many times over.
    times: int = 1
    #: Whether it says how long the body is; else that ends when it hangs up.
    is_measured: bool = True
    #: So many seconds it thinks first; until the server stops, if that is sooner.
    delay: float = 0.0
    #: So many seconds it waits before each byte, headers included.
    drip: float = 0.0
    #: After so many bytes, headers included, it hangs up.
    cut: int | None = None
    #: Instead of all that is HTTP it sends this, and hangs up.
    raw: bytes | None = None

    def pieces(self) -> Iterator[bytes]:
        """Give all that is sent."""
        if self.raw is not None:
            yield self.raw
            return
        body = self.body if isinstance(self.body, str | bytes) else json.dumps(self.body)
        content = body.encode() if isinstance(body, str) else body
        length = {"Content-Length": str(len(content) * self.times)} if self.is_measured else {}
        lines = [f"{name}: {value}\r\n" for name, value in {**length, **self.headers}.items()]
        yield f"HTTP/1.1 {self.status} Said\r\n{''.join(lines)}\r\n".encode("latin-1")
        for _ in range(self.times):
            yield content

    @property
    def is_last(self) -> bool:
        """Whether it hangs up afterwards."""
        return not self.is_measured or self.cut is not None or self.raw is not None


#: What answers a request by what is in it.
Answering = Callable[[Request], Reply]


@dataclass
class _Rule:
    path: str
    answering: Answering
    #: For so many requests; None: for all.
    left: int | None


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, server_of_test: "HttpServer") -> None:
        self._server = server_of_test
        super().__init__(*args)

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = Request(self.command, self.path, headers, body, time.time(), self.client_address[1])
        reply = self._server._reply(found)
        self._server._wait(reply.delay)
        self._send(reply)

    # By names that http.server has chosen.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _send(self, reply: Reply) -> None:
        left = sys.maxsize if reply.cut is None else reply.cut
        for piece in reply.pieces():
            for part in _parts(piece[:left], 1 if reply.drip else PIECE):
                self._server._wait(reply.drip)
                self.wfile.write(part)
            left -= min(left, len(piece))
        self.close_connection |= reply.is_last

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def _parts(piece: bytes, length: int) -> Iterator[bytes]:
    for start in range(0, len(piece), length):
        yield piece[start : start + length]


class _Listening(ThreadingHTTPServer):
    """The threads: all have ended when it has been closed."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, server_of_test: "HttpServer", host: str) -> None:
        self._server = server_of_test
        #: Connections that are open.
        self.open: set[socket.socket] = set()
        super().__init__((host, 0), partial(_Handler, server_of_test=server_of_test))

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; the handshake of TLS is its thread's business."""
        connected, address = super().get_request()
        if self._server.tls is not None:
            connected = self._server.tls.wrap_socket(
                connected, server_side=True, do_handshake_on_connect=False
            )
        self._server.connections += 1
        self.open.add(connected)
        return connected, address

    def shutdown_request(self, request: Any) -> None:
        """Hang up."""
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Forgive clients that have gone; anything else is the test's own mistake."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self._server.errors.append(error)


@dataclass
class HttpServer:
    """Listens between entering and leaving. What it shall answer can be changed at any time; at first it is 200.

    with HttpServer() as server:
        server.answer(503, headers={"Retry-After": "120"}, count=2)  # the next two requests
        server.answer(404, path="/gone")  # from now on
        ... server.url + "/hook" ...
        assert server.requests[0].json == {"id": 1}
    """

    #: With it, the server speaks TLS.
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    #: In the order in which they came.
    requests: list[Request] = field(default_factory=list)
    #: How many connections there have been.
    connections: int = 0
    #: What went wrong in the server itself; raised at the end.
    errors: list[Any] = field(default_factory=list)

    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._listening = _Listening(self, self.host)
        self._thread = threading.Thread(
            target=self._listening.serve_forever, args=[0.01], name="http", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listening.shutdown()
        self._thread.join()
        for each in list(self._listening.open):
            with suppress(OSError):
                # Of TLS, too: nobody's farewell is waited for.
                socket.socket.shutdown(each, socket.SHUT_RDWR)
        self._listening.server_close()
        assert not self.errors, self.errors

    @property
    def port(self) -> int:
        """On which it listens."""
        return int(self._listening.server_address[1])

    @property
    def authority(self) -> str:
        """Its host and port."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    def answer(
        self, status: int = 200, body: Any = b"", *, path: str = "", count: int | None = None, **how: Any
    ) -> None:
        """Answer so, as Reply has it: on a path or on all, to so many requests or to all that come.

        What is for so many goes first, in the order in which it was said; else what was said last, of the path rather
        than of all.
        """
        reply = Reply(status, body, **how)
        self.answer_by(lambda request: reply, path=path, count=count)

    def answer_by(self, answering: Answering, *, path: str = "", count: int | None = None) -> None:
        """Let a function answer; it may come to be called by several threads at once."""
        with self._lock:
            self._rules.append(_Rule(path, answering, count))

    def wait_for(self, count: int) -> list[Request]:
        """Wait until so many requests have come, and return them."""
        eventually(lambda: len(self.requests) >= count, what=f"{count} requests")
        return self.requests

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            rule = self._rule(urlsplit(request.path).path)
        return rule.answering(request) if rule else Reply()

    def _rule(self, path: str) -> _Rule | None:
        those = [each for each in self._rules if each.path in {"", path}]
        for each in those:
            if each.left:
                each.left -= 1
                return each
        lasting = [each for each in those if each.left is None]
        return max(reversed(lasting), key=lambda each: each.path, default=None)

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._stopping.wait(seconds)
