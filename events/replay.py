"""Run handlers on logged events again, or for the first time if they are newer than the events."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import models, transaction

from events import queue
from events.exceptions import UnknownHandler
from events.models import EventLog, HandlerRun
from events.publish import planned
from events.sql import execute
from events.subscribe import handlers

REPLAY = """
    INSERT INTO events_handlerrun (event_id, handler, order_key, priority)
    SELECT event.id, plan.handler, event.order_key, plan.priority
      FROM unnest(%s::bigint[]) AS chosen(id)
      JOIN events_eventlog event ON event.id = chosen.id
      JOIN unnest(%s::text[], %s::text[], %s::smallint[]) AS plan(type, handler, priority)
        ON plan.type = event.type
     ORDER BY event.id
    ON CONFLICT (event_id, handler) DO UPDATE
       SET state = 'pending', available_at = statement_timestamp(), priority = excluded.priority,
           failed = 0, crashed = 0, last_error = '', finished_at = NULL
     WHERE events_handlerrun.finished_at IS NOT NULL"""
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay planned, or would plan."""

    events: int
    runs: int
    handlers: tuple[str, ...]


def replay(
    events: "models.QuerySet[EventLog]",
    *,
    only: Collection[str] = (),
    notifiers: bool = False,
    dry_run: bool = False,
) -> Replay:
    """Plan fresh runs for these events; unfinished runs stay as they are.

    Without `only`, a list of handler names, every handler takes part that does not forbid it, and with
    `notifiers` those that notify people, who may then hear of it twice: the unique keys that prevent this expire with
    the notifications. Raises UnknownHandler. With `dry_run` nothing is written, and `runs` is the upper bound.
    """
    unknown = set(only) - {handler.name for handler in handlers}
    if unknown:
        raise UnknownHandler(f"There is no handler {', '.join(sorted(unknown))}.")
    plan = {
        run
        for event_type in events.order_by().values_list("type", flat=True).distinct()
        for run in _plan(event_type, only, notifiers)
    }
    counts = dict(events.order_by().values_list("type").annotate(models.Count("pk")))
    names = tuple(sorted({name for _, name, _ in plan}))
    if dry_run or not plan:
        return Replay(sum(counts.values()), sum(counts[event_type] for event_type, _, _ in plan), names)
    return Replay(sum(counts.values()), _write(events, sorted(plan)), names)


def _plan(event_type: str, only: Collection[str], notifiers: bool) -> list[tuple[str, str, int]]:
    """Return the (type, handler name, priority)s that take part."""
    return [
        (event_type, handler.name, int(priority))
        for _, handler, priority in planned(event_type)
        if (handler.name in only if only else handler.replay or (notifiers and handler.notifies))
    ]


def _write(events: "models.QuerySet[EventLog]", plan: list[tuple[str, str, int]]) -> int:
    """Plan the runs in batches, each a transaction, so that workers begin while the rest is planned."""
    columns = [list(column) for column in zip(*plan, strict=True)]
    ids = events.order_by("pk").values_list("pk", flat=True)
    written, last = 0, 0
    while chosen := list(ids.filter(pk__gt=last)[:BATCH]):
        last = chosen[-1]
        with transaction.atomic():
            written += execute(REPLAY, [chosen, *columns])
            queue.wake_on_commit(HandlerRun.lane)
    return written
