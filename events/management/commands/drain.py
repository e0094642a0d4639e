"""manage.py drain"""

import signal
import time
from argparse import ArgumentParser
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
        """Take the lane."""
        parser.add_argument("--lane", default="events", choices=lanes())
        parser.add_argument("--forever", action="store_true", help="wait for more; Ctrl-C or SIGTERM stops")

    def handle(self, *args: Any, **options: Any) -> None:
        """Drain."""
        lane = options["lane"]
        if not options["forever"]:
            self.stdout.write(f"{_drain_all(lane)} done.")
            return
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self._forever(lane)
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")

    def _forever(self, lane: str) -> None:
        listener = Listener([channel(lane)])
        while True:
            try:
                listener.listen()
                _drain_all(lane)
                due_in = seconds_until_due(lane)
                listener.wait(POLL if due_in is None else max(0.01, min(POLL, due_in)))
            except LOST_DATABASE as error:
                self.stderr.write(f"The database is out of reach ({type(error).__name__}); trying again.")
                connection.close()
                time.sleep(POLL)


def _drain_all(lane: str) -> int:
    total = 0
    while done := drain(lane):
        total += done
    return total
