"""Make and look at handler runs."""

from typing import Any

from django.db import connection

from events.bus import event_bus
from events.models import HandlerRun
from events.priority import Priority
from tests.probe.events import Pinged


def make_runs(count: int = 1, **changes: Any) -> list[HandlerRun]:
    """Return so many pending runs of the probe's handler, in the order in which they will be claimed."""
    event_bus.publish_many(Pinged(note=str(number)) for number in range(count))
    runs = list(HandlerRun.objects.order_by("-id")[:count])[::-1]
    if changes:
        HandlerRun.objects.filter(pk__in=[run.pk for run in runs]).update(**changes)
    return runs


def urgent(run: HandlerRun) -> None:
    """Make a run urgent."""
    HandlerRun.objects.filter(pk=run.pk).update(priority=Priority.URGENT)


def lapse_leases() -> None:
    """Let every lease have run out a second ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_handlerrun SET lease_until = statement_timestamp() - interval '1 second'"
            " WHERE state = 'running'"
        )


def make_due() -> None:
    """Let everything that waits for another attempt be due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_handlerrun SET available_at = statement_timestamp()"
            " WHERE state IN ('pending', 'retrying')"
        )


def state_of(run: HandlerRun) -> str:
    """Return the state of a run as it is stored."""
    return HandlerRun.objects.get(pk=run.pk).state


def seconds_until_available(run: HandlerRun) -> float:
    """Return in how many seconds of the database's clock a run is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM available_at - statement_timestamp()) FROM events_handlerrun WHERE id = %s",
            [run.pk],
        )
        return float(cursor.fetchone()[0])
