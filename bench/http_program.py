"""A program: an HTTP server that takes whatever is posted and keeps nothing, as cheaply as it can.

Its arguments are the port, how many seconds it thinks about each request, and the port at which it tells of them.
"""

import asyncio
import re
import sys
from functools import partial

from bench.arrivals import HOST, Arrivals

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
#: As Sparrow says it; others look at the status alone.
BODY = b'{"count": 1, "response_code": 200, "response": "1 message has been queued for delivery"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
)


class Protocol(asyncio.Protocol):
    """One connection, with one request."""

    def __init__(self, delay: float, arrivals: Arrivals) -> None:
        self._delay, self._arrivals, self._received = delay, arrivals, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the request is complete."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return
        self._arrivals.tell()
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(ANSWER % (len(BODY), BODY))
        self._transport.close()


async def main(port: int, delay: float, telling: int) -> None:
    """Serve until killed."""
    arrivals = Arrivals()
    await arrivals.serve(telling)
    server = await asyncio.get_running_loop().create_server(partial(Protocol, delay, arrivals), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
