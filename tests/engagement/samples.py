"""Rows that these tests begin with."""

from collections.abc import Sequence
from typing import Any

from capabilities.people.models import Person
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch
from events.bus import Payload, event_bus

TOLD = "probe.ToldNotifier"


def published(event: Payload, **options: Any) -> Payload:
    """Publish an event; return it as its handlers get it."""
    return event_bus.publish(event, **options).read()


def planned(event: Payload, people: Sequence[int], notifier: str = TOLD) -> NotificationBatch:
    """Return a batch that is still to be worked off, with its NotifiableEvents for these primary keys."""
    log_id = event.envelope.id
    concerned = NotifiableEvent.objects.bulk_create(
        NotifiableEvent(event_log_id=log_id, person_id=pk, event_type=event.envelope.type, notifier=notifier)
        for pk in people
    )
    return NotificationBatch.objects.create(
        event_id=log_id,
        notifier=notifier,
        first_id=concerned[0].pk,
        last_id=concerned[-1].pk,
        recipients=len(people),
        delete_at=concerned[0].delete_at,
    )


def notified(person: Person, title: str = "Kite was told", **fields: Any) -> AppNotification:
    """Put a notification into a person's inbox."""
    concerned = NotifiableEvent.objects.create(person=person, event_type="test.told", params={"people": []})
    return AppNotification.objects.create(
        event=concerned,
        person=person,
        event_type="test.told",
        **{"category": "test", "title": title} | fields,
    )


def fill_inbox(person: Person, count: int) -> list[AppNotification]:
    """Put so many notifications into a person's inbox; return them, the oldest first."""
    concerned = NotifiableEvent.objects.bulk_create(
        NotifiableEvent(person=person, event_type="test.told") for _ in range(count)
    )
    return AppNotification.objects.bulk_create(
        AppNotification(
            event=each, person=person, event_type="test.told", category="test", title=f"Number {number}"
        )
        for number, each in enumerate(concerned)
    )


def outcomes_of(person: Person | int) -> dict[str, str]:
    """Return the outcomes of the only event that concerns this person."""
    found = NotifiableEvent.objects.get(person_id=getattr(person, "pk", person)).outcomes
    assert isinstance(found, dict)
    return found
