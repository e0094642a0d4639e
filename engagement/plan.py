"""A dry run: who would hear of an event, on what, by whose decision, in which words. Nothing is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from engagement.fanout import fan_out
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch
from engagement.process import process_batch
from engagement.registry import notifiers
from engagement.write import name_of
from events.bus import Cancel, Payload
from events.record import record

PLANNED_BY = "engagement.plan"


@dataclass(frozen=True, slots=True)
class Planned:
    """What one person would get."""

    person: str
    notifier: str
    outcomes: dict[str, str]
    #: What the inbox would show; empty if it would show nothing.
    title: str
    message: str


@dataclass(slots=True)
class Plan:
    """What an event would come to."""

    #: Why nobody would be told at all, if the notifiers cancelled.
    cancelled: str = ""
    total: int = 0
    #: How many people each combination of outcomes would have, by its text.
    outcomes: dict[str, int] = field(default_factory=dict)
    #: The first of them.
    people: list[Planned] = field(default_factory=list)


def plan(
    event: Payload | str,
    data: Mapping[str, Any] | None = None,
    *,
    actor: Any = None,
    about: models.Model | str | None = None,
    limit: int = 20,
) -> Plan:
    """Return what publishing this would come to, with the first `limit` people.

    It is done for real, by the same code, in a transaction that is rolled back: nobody sees anything of it.
    Raises as `publish` does.
    """
    with transaction.atomic():
        found = _try(record(event, data, handled_by=PLANNED_BY, actor=actor, about=about).read(), limit)
        transaction.set_rollback(True)
    return found


def _try(event: Payload, limit: int) -> Plan:
    if not notifiers.of(event.envelope.type):
        return Plan(cancelled="It has no notifier. It is told to whom notify() names, or to nobody.")
    try:
        fan_out(event)
    except Cancel as cancel:
        return Plan(cancelled=cancel.reason)
    for batch in NotificationBatch.objects.filter(event=event.envelope.id, finished_at=None):
        process_batch(batch)
    concerned = NotifiableEvent.objects.filter(event_log=event.envelope.id)
    counts = concerned.values_list("outcomes").annotate(people=models.Count("pk")).order_by("-people")
    return Plan(
        total=sum(count for _outcomes, count in counts),
        outcomes={_in_words(outcomes): count for outcomes, count in counts},
        people=_people(concerned.select_related("person").order_by("pk")[:limit]),
    )


def _people(concerned: "models.QuerySet[NotifiableEvent]") -> list[Planned]:
    found = list(concerned)
    rows = {
        row.event_id: row for row in AppNotification.objects.filter(event__in=[each.pk for each in found])
    }
    return [
        Planned(
            name_of(each.person),
            each.notifier,
            each.outcomes or {},
            rows[each.pk].title if each.pk in rows else "",
            rows[each.pk].message if each.pk in rows else "",
        )
        for each in found
    ]


def _in_words(outcomes: dict[str, str]) -> str:
    return "; ".join(f"{channel} {outcome}" for channel, outcome in sorted(outcomes.items()))
