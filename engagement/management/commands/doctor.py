"""manage.py doctor"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.doctor import accounts, examine


class Command(BaseCommand):
    """The accounts of notifications."""

    help = "Check in SQL that every event x person x channel has exactly one outcome. Exits with 1 if not."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the accounts, and what is wrong."""
        for name, count in accounts().items():
            self.stdout.write(f"{count:>12,}  {name}")
        findings = examine()
        for found in findings:
            ids = ", ".join(map(str, found.examples))
            self.stdout.write(self.style.ERROR(f"{found.count:>12,}  {found.what}: {ids} ..."))
        if findings:
            raise CommandError("The accounts do not add up.")
        self.stdout.write(self.style.SUCCESS("Whatever was decided has exactly one outcome by channel."))
