"""Everything that concerned a person, notified or not, as long as it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, TypeAlias
from uuid import UUID

from django.db import models
from django.utils.functional import Promise

from engagement.explain import Gist, gist
from engagement.models import AppNotification, NotifiableEvent
from engagement.subject import subject
from engagement.whereabouts import deliveries_of, look_up
from events.bus import EventLog, EventTypes

PAGE_SIZE = 50
Rows: TypeAlias = "models.QuerySet[NotifiableEvent]"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: before this event of the log, and before this row of those made by hand."""

    event_log: int | None = None
    by_hand: int | None = None

    def __str__(self) -> str:
        return f"{self.event_log or ''}.{self.by_hand or ''}"


START = Cursor()


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that concerned the person."""

    pk: int
    #: Of the notification; or the kind of event, if there is none.
    title: str | Promise
    #: "product 7"
    subject: str
    at: datetime
    gist: Gist


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what concerned a person, newest first, and where the next page begins (None: this is the last)."""

    entries: list[Entry]
    older_than: Cursor | None


def page(person: Any, before: Cursor = START, size: int = PAGE_SIZE) -> Page:
    """Return what is older than the cursor; three queries, as quick at the end as at the beginning.

    The events of the log are in the order of the log, by the unique index on (person, event_log). Rows made by hand
    have no event, and are the null end of the same index: they are merged in by time.
    """
    both = _logged(person, before.event_log)[: size + 1], _by_hand(person, before.by_hand)[: size + 1]
    found = list(islice(merge(*both, key=lambda row: row.created_at, reverse=True), size + 1))
    shown = found[:size]
    more = len(found) > size
    look_up(shown)
    return Page([entry(row) for row in shown], _after(before, shown) if more else None)


def find(person: Any, pk: int) -> NotifiableEvent | None:
    """Return what concerned the person under this id; None if there is none, or it concerned somebody else."""
    return _of(person).filter(pk=pk).first()


def event(event_id: UUID) -> EventLog | None:
    """Return an event of the log by its public id."""
    return EventLog.objects.filter(event_id=event_id).defer("payload").first()


def of_event(person: Any, log: EventLog) -> NotifiableEvent | None:
    """Return what the event was to the person; None if it did not concern them, or that is no longer kept."""
    return _of(person).filter(event_log=log.pk).first()


def name_of_event(event_type: str) -> str | Promise:
    """Return the kind of event, as people know it; its wire name if it is not registered any more."""
    found = EventTypes.get(event_type)
    return found.display_name if found else event_type


def _logged(person: Any, before: int | None) -> Rows:
    """By the column and not by the relation: that would leave out the events of which the log has gone already."""
    found = _of(person).alias(number=models.F("event_log_id")).order_by("-number")
    return found.filter(number__isnull=False) if before is None else found.filter(number__lt=before)


def _by_hand(person: Any, before: int | None) -> Rows:
    """In the order of the index first, which is the same for all: else the planner may walk back over everybody's."""
    found = _of(person).filter(event_log=None).order_by("event_log_id", "-id")
    return found if before is None else found.filter(id__lt=before)


def _of(person: Any) -> Rows:
    found = NotifiableEvent.objects.filter(person=person).select_related("event_log", "app_notification")
    return found.defer("params", "event_log__payload", "app_notification__message")


def _after(before: Cursor, shown: Sequence[NotifiableEvent]) -> Cursor:
    logged, by_hand = before.event_log, before.by_hand
    for row in shown:
        if row.event_log_id is None:
            by_hand = row.pk
        else:
            logged = row.event_log_id
    return Cursor(logged, by_hand)


def entry(row: NotifiableEvent) -> Entry:
    """Return one as it is listed."""
    log = row.event_log
    notification: AppNotification | None = getattr(row, "app_notification", None)
    return Entry(
        row.pk,
        notification.title if notification else name_of_event(row.event_type),
        subject(log.about) if log else "",
        row.created_at,
        gist(row.outcomes, deliveries_of(row)),
    )
