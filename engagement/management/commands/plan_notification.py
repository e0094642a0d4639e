"""manage.py plan_notification TYPE --payload JSON"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.plan import Plan, plan
from events.bus import EventError


class Command(BaseCommand):
    """A dry run."""

    help = "Say who would hear of an event, on what, by whose decision, in which words. Nothing is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what would be published."""
        parser.add_argument("event_type", help="the wire name: product.created")
        parser.add_argument("--payload", default="{}", help="its data, as a JSON object")
        parser.add_argument("--actor", help="the primary key of who did it")
        parser.add_argument("--about", help="the object that it happened to: product_management.product:1")
        parser.add_argument("--limit", type=int, default=20, help="how many people are shown (default: 20)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the plan."""
        data = _data(options["payload"])
        try:
            found = plan(
                options["event_type"],
                data,
                actor=options["actor"],
                about=options["about"],
                limit=max(0, options["limit"]),
            )
        except (EventError, TypeError, ValueError) as error:
            raise CommandError(str(error)) from None
        self._print(found)

    def _print(self, found: Plan) -> None:
        if found.cancelled:
            self.stdout.write(f"Nobody: {found.cancelled}")
            return
        self.stdout.write(
            f"{found.total:,} {'person' if found.total == 1 else 'people'}. Nothing was written."
        )
        for outcomes, count in found.outcomes.items():
            self.stdout.write(f"{count:>10,}  {outcomes}")
        for each in found.people:
            self.stdout.write(f"\n{each.person} ({each.notifier})")
            for channel, outcome in each.outcomes.items():
                self.stdout.write(f"    {channel}: {outcome}")
            if each.title:
                self.stdout.write(f"    {each.title}\n    {each.message}")


def _data(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise CommandError(f"--payload is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise CommandError("--payload must be a JSON object.")
    return data
