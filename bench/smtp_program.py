"""A program: an SMTP server that takes every mail and keeps none, as cheaply as it can: it shares our processors.

Its arguments are the port, how many seconds it thinks about each mail, and the port at which it tells of arrivals. HELP
tells what it has taken so far.
"""

import asyncio
import sys
from collections import Counter
from functools import partial

from bench.arrivals import HOST, Arrivals

#: What has been taken: mails, their bytes, and connections by which there came at least one.
taken: "Counter[str]" = Counter(connections=0, mails=0, bytes=0)
ANSWERS = {b"EHLO": b"250 bench", b"HELO": b"250 bench", b"DATA": b"354 go on", b"QUIT": b"221 bye"}
END = b"\r\n.\r\n"


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, delay: float, arrivals: Arrivals) -> None:
        self._delay, self._arrivals = delay, arrivals
        self._received, self._in_mail, self._mails = bytearray(), False, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer to what is complete."""
        self._received += data
        while self._take_mail() if self._in_mail else self._take_line():
            pass

    def _take_line(self) -> bool:
        line, end, rest = self._received.partition(b"\r\n")
        if not end:
            return False
        self._received, verb = rest, bytes(line[:4]).upper()
        self._in_mail = verb == b"DATA"
        told = " ".join(f"{name}={count}" for name, count in taken.items())
        answer = f"214 {told}".encode() if verb == b"HELP" else ANSWERS.get(verb, b"250 fine")
        self._transport.write(answer + b"\r\n")
        if verb == b"QUIT":
            self._transport.close()
        return True

    def _take_mail(self) -> bool:
        if not self._received.endswith(END):
            return False
        size = len(self._received)
        self._received, self._in_mail = bytearray(), False
        self._arrivals.tell()
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._taken, size)
        else:
            self._taken(size)
        return True

    def _taken(self, size: int) -> None:
        self._mails += 1
        taken.update(mails=1, bytes=size, connections=self._mails == 1)
        self._transport.write(f"250 2.0.0 Ok: queued as {taken['mails']:06X}\r\n".encode())


async def main(port: int, delay: float, telling: int) -> None:
    """Serve until killed."""
    arrivals = Arrivals()
    await arrivals.serve(telling)
    server = await asyncio.get_running_loop().create_server(partial(Protocol, delay, arrivals), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
