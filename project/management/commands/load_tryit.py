"""manage.py load_tryit"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction


class Command(BaseCommand):
    """What the page "Try it" needs; running it again changes nothing."""

    help = "Give the people of the demo devices, numbers and webhooks that lead back to this web server."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the web server is."""
        parser.add_argument("site", help='such as "http://127.0.0.1:8000"')

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Add what is missing."""
        if not settings.DEMO:
            raise CommandError("This is for the demo only: CARILLON_DEMO=1.")
        if not settings.TRYIT:
            return  # without products there is no page, nor could this be imported
        from project.tryit.load import load

        load(options["site"].rstrip("/"))
