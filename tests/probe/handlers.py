"""Handlers that do as they are told by the payload."""

import os
import time

from django.db import connection

from events.bus import Cancel, Payload, RetryLater, event_bus, handler
from tests.probe.events import (
    Awaited,
    Chained,
    Doubled,
    Forked,
    Hurried,
    Ordered,
    Pinged,
    Poisoned,
    Stalled,
    Whispered,
)
from tests.probe.models import Call


def note(name: str, event: Payload, text: str = "", *, seconds: float = 0) -> None:
    """Take some time, and leave a row that is committed only together with the run."""
    call = Call(handler=name, event_log_id=event.envelope.id, note=text, process=os.getpid())
    time.sleep(seconds)
    call.save()


@handler(Pinged, Hurried, name="probe.ping")
def ping(event: Pinged | Hurried) -> None:
    """Note it; the text may ask for one of the other outcomes."""
    note("ping", event, event.note, seconds=getattr(event, "seconds", 0))
    if event.note == "cancel":
        raise Cancel("It has become pointless.")
    if event.note == "later":
        raise RetryLater(1000, "The kettle is not hot yet.")
    if event.note == "fail":
        raise ValueError("It does not work.")
    if event.note == "exit":
        raise SystemExit(1)


@handler(Forked, name="probe.left")
def left(event: Forked) -> None:
    """Take some time."""
    note("left", event, seconds=event.seconds)


@handler(Forked, name="probe.right")
def right(event: Forked) -> None:
    """Take some time."""
    note("right", event, seconds=event.seconds)


@handler(Forked, name="probe.broken", max_attempts=3)
def broken(event: Forked) -> None:
    """Fail, after an effect that must be rolled back."""
    note("broken", event)
    raise ValueError("This one never works.")


@handler(Doubled, name="probe.first")
def first(event: Doubled) -> None:
    """Take some time."""
    note("first", event, seconds=event.seconds)


@handler(Doubled, name="probe.second")
def second(event: Doubled) -> None:
    """Take some time."""
    note("second", event, seconds=event.seconds)


@handler(Poisoned, name="probe.swallow")
def swallow(event: Poisoned) -> None:
    """Die of poison, as a segmentation fault or the OOM killer would have it."""
    if event.poison:
        os._exit(1)
    note("swallow", event)


@handler(Stalled, name="probe.stall")
def stall(event: Stalled) -> None:
    """Sleep where only the database can be interrupted."""
    note("stall", event)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [event.seconds])


@handler(Ordered, name="probe.queue")
def queue(event: Ordered) -> None:
    """Note the number."""
    if event.fail:
        raise ValueError("Out of order.")
    note("queue", event, str(event.number))


@handler(Whispered, name="probe.listen")
def listen(event: Whispered) -> None:
    """Hear the secret."""
    if event.fail:
        raise ValueError(f"The code was {event.code}.")
    if event.outcome == "cancel":
        raise Cancel(f"The code {event.code} is used up.")
    if event.outcome == "later":
        raise RetryLater(60, f"The code {event.code} is not valid yet.")
    note("listen", event, str(len(event.code)))


@handler(Awaited, name="probe.wait")
async def wait(event: Awaited) -> None:
    """Note it from a coroutine."""
    await Call.objects.acreate(
        handler="wait", event_log_id=event.envelope.id, note=event.note, process=os.getpid()
    )


@handler(Chained, name="probe.chain")
def chain(event: Chained) -> None:
    """Publish another."""
    event_bus.publish(Pinged(note=event.note))
