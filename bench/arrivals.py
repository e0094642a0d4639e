"""The moments at which messages come to a server of the run, told to whoever wants to know them: both ends of that.

They are those of time.perf_counter(), which counts alike in all processes of a machine.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"
#: How long to wait for a message, in seconds.
LONGEST = 60.0


class Arrivals:
    """The server's end: a port of its own, at which each moment is a line."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.StreamWriter] = set()

    async def serve(self, port: int) -> None:
        """Listen from now on."""
        await asyncio.start_server(self._welcome, HOST, port)

    def tell(self) -> None:
        """Tell of a message that has come just now."""
        line = f"{time.perf_counter()}\n".encode()
        for each in self._listeners:
            each.write(line)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._listeners.add(writer)
        writer.write(b"hello\n")
        await reader.read()
        self._listeners.discard(writer)
        writer.close()


@contextmanager
def told(port: int) -> Iterator[Callable[[], float]]:
    """Give a function that waits for the next message and returns its moment; raises TimeoutError if none comes."""
    with socket.create_connection((HOST, port)) as connection, connection.makefile() as lines:
        connection.settimeout(LONGEST)
        assert lines.readline() == "hello\n"
        yield lambda: float(lines.readline())
