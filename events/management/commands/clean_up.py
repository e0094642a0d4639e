"""manage.py clean_up"""

from typing import Any

from django.core.management.base import BaseCommand

from events.cleanup import clean_up


class Command(BaseCommand):
    """The hourly clean-up, by hand."""

    help = "Delete what has expired and is owed to nobody; the schedule does it each hour."

    def handle(self, *args: Any, **options: Any) -> None:
        """Clean up and say what went."""
        for label, count in clean_up().items():
            self.stdout.write(f"{label}: {count}")
