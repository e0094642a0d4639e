"""Threads that do several turns, one after the other, on a database connection of their own that stays open.

To open a connection for each turn would cost more than many turns take.
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue

from django.db import close_old_connections, connections

logger = logging.getLogger(__name__)

#: Seconds without a job after which a thread ends and its connection is closed.
IDLE = 10.0

Job = tuple["Future[int]", Callable[[], int]]


class Hands:
    """As many threads as there are jobs at a time; they are daemons, for what they do may be lost, and is leased."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        #: How many wait, and are not promised to a job.
        self._idle = 0
        self._threads: set[threading.Thread] = set()

    def submit(self, job: Callable[[], int]) -> "Future[int]":
        """Have a thread do it."""
        future: Future[int] = Future()
        with self._lock:
            self._jobs.put((future, job))
            if self._idle:
                self._idle -= 1
            else:
                thread = threading.Thread(target=self._run, name="carillon-hand", daemon=True)
                self._threads.add(thread)
                thread.start()
        return future

    def close(self) -> None:
        """End all that have nothing to do, and wait until their connections are closed."""
        with self._lock:
            idle, self._idle = self._idle, 0
            threads = [*self._threads]
        for _ in range(idle):
            self._jobs.put(None)
        for thread in threads:
            thread.join(IDLE * 2)

    def _run(self) -> None:
        try:
            while (found := self._next()) is not None:
                future, job = found
                answer = _answer(future, job)
                # First: whoever gets the answer may come with the next job at once.
                with self._lock:
                    self._idle += 1
                answer()
                del found, future, job, answer
        finally:
            connections.close_all()
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _next(self) -> Job | None:
        """Return a job; None if there was none for a while."""
        while True:
            with suppress(Empty):
                return self._jobs.get(timeout=IDLE)
            with self._lock:
                if self._idle:
                    self._idle -= 1
                    return None
            # One has just been promised to this thread.


def _answer(future: "Future[int]", job: Callable[[], int]) -> Callable[[], None]:
    """Do the job; return what tells whoever waits for it what came of it."""
    try:
        close_old_connections()
        return partial(future.set_result, job())
    except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
        return partial(future.set_exception, error)


_hands: Hands | None = None


def hands() -> Hands:
    """Return those of this process."""
    global _hands
    if _hands is None:
        _hands = Hands()
    return _hands


def _forget() -> None:
    global _hands
    _hands = None


os.register_at_fork(after_in_child=_forget)
