"""A program: open as many streams as there are lines on stdin, and say when all have the state, and each broadcast.

A process of its own, so that nobody who is measured waits for it. It imports nothing of the project.
"""

import asyncio
import json
import sys
import time

#: So many are opened at the same time.
AT_ONCE = 50
LONGEST = 120.0


class Crowd:
    """Counts who has got what."""

    def __init__(self, port: int, wanted: int) -> None:
        self._port, self._wanted = port, wanted
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._got = {b"state": 0, b"upsert": 0}

    async def one(self, request: bytes) -> None:
        """Open one, and read it for ever."""
        async with self._gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(request)
            await self._until(reader, b"state")
        while True:
            await self._until(reader, b"upsert")

    async def _until(self, reader: asyncio.StreamReader, name: bytes) -> None:
        await reader.readuntil(b"event: " + name + b"\n")
        self._got[name] += 1
        if self._got[name] % self._wanted == 0:
            print(json.dumps([name.decode(), time.time()]), flush=True)


async def main(port: int, requests: list[str]) -> None:
    """Open all."""
    crowd = Crowd(port, len(requests))
    await asyncio.gather(*(crowd.one(each.encode()) for each in requests))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), json.loads(sys.stdin.readline())))
