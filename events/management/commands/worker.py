"""manage.py worker"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import queue
from events.watchdog import Watchdog
from events.work import lanes


class Command(BaseCommand):
    """Runs the clusters and watches them."""

    help = "Run the django-q2 clusters of all lanes, and start them anew when they are stuck. Ctrl-C stops."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the lanes."""
        parser.add_argument("--lane", action="append", help="only this lane; may be given several times")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop."""
        chosen = options["lane"] or lanes()
        unknown = set(chosen) - set(lanes())
        if unknown:
            raise CommandError(
                f"There is no lane {', '.join(sorted(unknown))}; the lanes are: {', '.join(lanes())}."
            )
        queue.ensure_schedules()
        Watchdog(chosen).run()
