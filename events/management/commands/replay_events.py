"""manage.py replay_events"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from events.exceptions import UnknownEventType, UnknownHandler
from events.models import EventLog
from events.registry import EventTypes
from events.replay import replay


class Command(BaseCommand):
    """Handlers run again."""

    help = "Run handlers on logged events again, or for the first time if they are newer than the events."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which events and which handlers."""
        parser.add_argument("types", nargs="*", help="event types; all if none is given")
        parser.add_argument("--id", type=int, action="append", help="only the event with this number")
        parser.add_argument("--since", help="only events since this time, such as 2026-11-20T08:00")
        parser.add_argument("--until", help="only events before this time")
        parser.add_argument("--handler", action="append", default=[], help="only this handler")
        parser.add_argument("--notifiers", action="store_true", help="notify people again, too")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and say what was planned."""
        try:
            found = replay(
                _chosen(options),
                only=options["handler"],
                notifiers=options["notifiers"],
                dry_run=options["dry_run"],
            )
        except UnknownHandler as error:
            raise CommandError(str(error)) from error
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(f"{found.events} events, {found.runs} handler runs {would}planned")
        for name in found.handlers:
            self.stdout.write(f"  {name}")


def _chosen(options: dict[str, Any]) -> Any:
    for name in options["types"]:
        if name not in EventTypes:
            raise CommandError(str(UnknownEventType(name, EventTypes)))
    conditions = {
        "type__in": options["types"],
        "id__in": options["id"],
        "occurred_at__gte": _time(options["since"]),
        "occurred_at__lt": _time(options["until"]),
    }
    return EventLog.objects.filter(**{name: value for name, value in conditions.items() if value})


def _time(text: str | None) -> Any:
    if text is None:
        return None
    found = parse_datetime(text)
    if found is None:
        raise CommandError(f"{text!r} is no time; write 2026-11-20T08:00, or with an offset.")
    return found if found.tzinfo else timezone.make_aware(found)
