"""Notifiers whose audience is in the payload."""

from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from capabilities.people.models import Person
from engagement.notifier import Notifier
from tests.probe.events import Met, Told, ToldBadly, ToldEverybody, ToldPersonally


def named(event: Told | ToldPersonally | ToldBadly | Met) -> QuerySet[Person]:
    """Return the people whose primary keys are in the payload."""
    return get_user_model().objects.filter(pk__in=event.people)


class ToldNotifier(Notifier[Told]):
    """One wording for all."""

    event = Told
    reason = "you are on the list"
    example = Told(people=[1])

    def audience(self, event: Told) -> QuerySet[Person]:
        """Return the named."""
        return named(event)


class ToldPersonallyNotifier(Notifier[ToldPersonally]):
    """A wording that names the person."""

    event = ToldPersonally
    example = ToldPersonally(people=[1])

    def audience(self, event: ToldPersonally) -> QuerySet[Person]:
        """Return the named."""
        return named(event)


class ToldBadlyNotifier(Notifier[ToldBadly]):
    """No wording at all."""

    event = ToldBadly
    example = ToldBadly(people=[1])

    def audience(self, event: ToldBadly) -> list[int]:
        """Return primary keys, which an audience may do as well."""
        return event.people


class ToldEverybodyNotifier(Notifier[ToldEverybody]):
    """For fan-outs of any size."""

    event = ToldEverybody
    channels = ("app",)
    example = ToldEverybody()

    def audience(self, event: ToldEverybody) -> QuerySet[Person]:
        """Return everybody."""
        return get_user_model().objects.all()


class MetNotifier(Notifier[Met]):
    """A wording with a moment."""

    event = Met
    channels = ("app",)
    reason = "you were there"
    example = Met(people=[1], at=datetime(2026, 1, 1, 12, tzinfo=UTC))

    def audience(self, event: Met) -> QuerySet[Person]:
        """Return the named."""
        return named(event)
