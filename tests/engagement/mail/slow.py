"""A mail server that loses its way: from some step on it says nothing, or very little, for ever."""

import contextlib
import socketserver
import ssl
import threading
import time
from typing import Any, Self

#: What it says, and when: as it greets, then to each command, and to a message.
ANSWERS = {
    "greeting": b"220 slow.test\r\n",
    "EHLO": b"250 slow.test\r\n",
    "MAIL": b"250 Ok\r\n",
    "RCPT": b"250 Ok\r\n",
    "DATA": b"354 Go on\r\n",
    "message": b"250 Ok\r\n",
    "QUIT": b"221 Bye\r\n",
}
#: What it goes on with: nothing; a line that does not end; lines of an answer that does not end.
SAYS_NOTHING, DRIPS, RAMBLES = b"", b"2", b"250-and another thing\r\n"


class SlowServer(socketserver.ThreadingTCPServer):
    """Listens while it is entered; `step` is where it slows down, and `drop` what it says then, ten times a second."""

    daemon_threads = True
    #: Closing it waits for nobody: those whom it bores hang up.
    block_on_close = False

    def __init__(self, step: str, drop: bytes, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.step, self.drop, self.tls = step, drop, tls
        self.messages: list[bytes] = []
        self.connections = 0
        self.is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.shutdown()
        self.server_close()

    def settings(self) -> dict[str, Any]:
        """Return the Django settings of who sends by this server."""
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": self.server_address[0],
            "EMAIL_PORT": self.server_address[1],
            "EMAIL_USE_SSL": self.tls is not None,
        }


class _Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    server: SlowServer

    def setup(self) -> None:
        """Encrypt first, or do as if one were about to."""
        if self.server.step == "handshake":
            self.server.is_over.wait()
        elif self.server.tls:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """Close also what is around the connection that the server knows."""
        super().finish()
        self.request.close()

    def handle(self) -> None:
        """Talk until the client hangs up."""
        self.server.connections += 1
        with contextlib.suppress(OSError):
            self._say("greeting")
            while command := self.rfile.readline():
                self._say(command[:4].decode().upper())
                if command.upper().startswith(b"DATA"):
                    self._take()

    def _take(self) -> None:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        self.server.messages.append(b"".join(lines))
        self._say("message")

    def _say(self, step: str) -> None:
        while step == self.server.step and not self.server.is_over.is_set():
            self.wfile.write(self.server.drop)
            time.sleep(0.1)
        self.wfile.write(ANSWERS.get(step, b"250 Ok\r\n"))
