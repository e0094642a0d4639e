"""One open stream, as the hub sees it."""

import asyncio
from collections import deque

#: A client for which more than this waits is too slow: it is dropped, and gets the state when it comes again.
MOST_MESSAGES, MOST_BYTES = 100, 1_000_000
#: Said when there is nothing to say, so that proxies and clients know that we are there: a comment.
STILL_HERE = b":\n\n"


class Client:
    """What waits for a client, up to a limit. Made in the task that sends."""

    def __init__(self, person: str, session: str = "") -> None:
        self.person, self.session = person, session
        #: Whether it has been given the state, and so can make use of what changes.
        self.has_state = False
        self.is_open = True
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._stirred = asyncio.Event()
        self._task = asyncio.current_task()

    def begin(self, state: bytes) -> None:
        """Give it the state, in place of all that waits."""
        self._clear()
        self.has_state = True
        self.offer(state)

    def offer(self, message: bytes) -> None:
        """Give it a message; drop the client if too much waits already."""
        self._waiting.append(message)
        self._size += len(message)
        self._stirred.set()
        if len(self._waiting) > 1 and (len(self._waiting) > MOST_MESSAGES or self._size > MOST_BYTES):
            self._drop()

    def end(self) -> None:
        """Let the stream end, whatever waits."""
        self._clear()
        self.is_open = False
        self._stirred.set()

    async def next(self, patience: float) -> bytes | None:
        """Return what to send next; a comment if there is nothing for so many seconds, None at the end."""
        try:
            async with asyncio.timeout(patience):
                await self._stirred.wait()
        except TimeoutError:
            return STILL_HERE
        return self._take() if self.is_open else None

    def _take(self) -> bytes:
        taken = b"".join(self._waiting)
        self._clear()
        self._stirred.clear()
        return taken

    def _drop(self) -> None:
        """End it now: the task that sends is held up by the client's network, and would not look at anything."""
        self.end()
        if self._task is not None:
            self._task.cancel()

    def _clear(self) -> None:
        self._waiting.clear()
        self._size = 0
