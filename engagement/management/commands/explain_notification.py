"""manage.py explain_notification EVENT PERSON"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from engagement.explain import Unconcerned, explain_event
from engagement.models import Delivery
from engagement.whereabouts import pause_of
from events.bus import EventLog


class Command(BaseCommand):
    """Why, and why not."""

    help = "Say why a person was notified of an event, or was not, on each channel."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the event and the person."""
        parser.add_argument("event", help="the number of the event in the log, or its event id (a UUID)")
        parser.add_argument("person", help="their user name, or their primary key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the verdicts."""
        event, person = _event(options["event"]), _person(options["person"])
        found = explain_event(event, person)
        self.stdout.write(f"{event} of {event.occurred_at:%Y-%m-%d %H:%M:%S %Z}, and {person}:")
        if isinstance(found, Unconcerned):
            asked = ", ".join(found.asked) or "there are none"
            self.stdout.write(f"  It did not concern them, or is no longer retained. Notifiers: {asked}.")
            return
        if found.reason:
            self.stdout.write(f"  {person} is told: “It concerns you because {found.reason}.”")
        for verdict in found.verdicts:
            outcome = verdict.outcome or "undecided"
            self.stdout.write(f"  {verdict.channel}: {outcome}.")
            # In the words that the person reads: "you" is not the operator.
            self.stdout.write(f"    {person} is told: “{verdict.sentence}”")
            for delivery in found.deliveries:
                if delivery.channel == verdict.channel:
                    self.stdout.write(f"    {_details(delivery)}")


def _details(delivery: Delivery) -> str:
    """Return what the person is not shown: the attempts, and what the far end said at last."""
    pause = pause_of(delivery)
    waits = f"waits: the channel is paused. {pause.reason}" if pause else ""
    error = delivery.last_error.partition("\n")[0]
    about = [f"{delivery.attempts} attempts", delivery.feedback, waits, error]
    place = f", in digest #{delivery.digest_id}" if delivery.digest_id else ""
    return f"#{delivery.pk} {delivery.message_id}: {delivery.state}{place}, {', '.join(filter(None, about))}"


def _event(text: str) -> EventLog:
    try:
        number = {"pk": int(text)} if text.isdecimal() else {"event_id": UUID(text)}
        return EventLog.objects.get(**number)
    except (ValueError, EventLog.DoesNotExist):
        raise CommandError(f"There is no event {text}: give its number in the log, or its UUID.") from None


def _person(text: str) -> Any:
    """Return the person of this user name, or else of this primary key."""
    people = get_user_model()._default_manager
    try:
        name = {get_user_model().USERNAME_FIELD: text}
        found = people.filter(**name).first() or people.filter(pk=text).first()
    except (ValueError, ValidationError):
        found = None
    if found is None:
        raise CommandError(f"There is no person {text}: give a user name or a primary key.")
    return found
