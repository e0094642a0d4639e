"""manage.py drain"""

import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from events.drain import drain
from events.listen import Listener, channel
from events.sql import LOST_DATABASE
from events.work import lanes, seconds_until_due

#: Seconds without a wake-up after which to look all the same.
POLL = 1.0


class Command(BaseCommand):
    """The way without django-q2."""

    help = "Do the due work in this process, without django-q2: once, or --forever."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the lanes."""
        parser.add_argument(
            "--lane", action="append", choices=lanes(), help="only this lane; may be given several times"
        )
        parser.add_argument("--forever", action="store_true", help="wait for more; Ctrl-C or SIGTERM stops")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drain."""
        chosen = list(dict.fromkeys(options["lane"] or lanes()))
        self._is_told_to_stop = False
        with _handled(signal.SIGTERM, self._stop):
            if not options["forever"]:
                self.stdout.write(f"{_drain_all(chosen)} done.")
                return
            with _handled(signal.SIGINT, self._stop), suppress(KeyboardInterrupt):
                self._forever(chosen)
            self.stdout.write("Stopped.")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Break off what is being done; whoever turns that into an error of another kind cannot keep us going."""
        self._is_told_to_stop = True
        raise KeyboardInterrupt

    def _forever(self, chosen: list[str]) -> None:
        listener = Listener([channel(lane) for lane in chosen])
        while not self._is_told_to_stop:
            try:
                listener.listen()
                _drain_all(chosen)
                listener.wait(_pause(chosen))
            except LOST_DATABASE as error:
                self.stderr.write(f"The database is out of reach ({type(error).__name__}); trying again.")
                connection.close()
                time.sleep(POLL)


@contextmanager
def _handled(number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let a signal be handled so; called from another thread than the main one, it is left to the program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _drain_all(chosen: list[str]) -> int:
    """Give each lane a turn, again and again, until none has anything due; return how much was done.

    A turn is short, so that a slow mail server holds up the handlers for no longer than that.
    """
    total = 0
    while done := sum(map(drain, chosen)):
        total += done
    return total


def _pause(chosen: list[str]) -> float:
    """Return how many seconds to wait for a wake-up at the most."""
    due = [seconds for lane in chosen if (seconds := seconds_until_due(lane)) is not None]
    return max(0.01, min([POLL, *due]))
