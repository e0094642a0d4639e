"""One turn of M7: how long it takes, first with nothing else to do, then while a channel's slow server is busy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import database
from bench.app.events import Sent
from bench.arrivals import told
from bench.m5_latency.latency import Latency
from bench.m7_slow_channel.far_end import FarEnd, far_end
from bench.processes import answer, manage, python, running
from events.bus import event_bus

SECONDS_PER_MESSAGE = 1.0
MESSAGES = 500
#: How much of that has to wait still in the end. A channel sends 2 to 10 of them in a second.
LEFT = 0.2
#: So many others take turns at being told by the quick channel.
PEOPLE = 100
SETTINGS = {"DJANGO_SETTINGS_MODULE": "bench.settings_channels"}


@dataclass(frozen=True, slots=True)
class Case:
    """What is slow, and what is measured beside it: arrivals by another channel, or rows in the inbox."""

    slow: str
    quick: str = ""


def turn(case: Case, events: int) -> tuple[Latency, Latency]:
    """Return the latency before, and meanwhile."""
    with far_end(case.slow, SECONDS_PER_MESSAGE) as slow, _other_end(case.quick) as quick:
        database.clear()
        slow.reach(1, MESSAGES)
        environment = SETTINGS | slow.environment | (quick.environment if quick else {})
        if quick:
            quick.reach(MESSAGES + 1, MESSAGES + PEOPLE)
        with running(manage("worker"), **environment):
            before = _latency(quick, events)
            _let_wait(slow)
            meanwhile = _latency(quick, events)
            _check(case.slow)
    return before, meanwhile


@contextmanager
def _other_end(channel: str) -> Iterator[FarEnd | None]:
    if not channel:
        yield None
        return
    with far_end(channel) as found:
        yield found


def _latency(quick: FarEnd | None, events: int) -> Latency:
    """Ring as M5 does, for a row in the inbox; or for an arrival."""
    if quick:
        reached = [quick.channel, quick.arrivals, MESSAGES + 1, PEOPLE]
        taken = answer(python("bench.m7_slow_channel.arrival_ring", events, *reached))
    else:
        with database.telling():
            taken = answer(python("bench.m5_latency.carillon_ring", events), BENCH_DSN=database.dsn())
    assert len(taken) == events
    return Latency.of(taken)


def _let_wait(slow: FarEnd) -> None:
    """Have so many people told by that channel; return when all is planned and the server has begun."""
    with told(slow.arrivals) as arrival:
        event_bus.publish(Sent(channel=slow.channel, first=1, last=MESSAGES))
        arrival()
    planned = database.count(f"engagement_delivery WHERE channel = '{slow.channel}'")
    assert planned == MESSAGES, f"{planned} of {MESSAGES} messages were planned."


def _check(channel: str) -> None:
    """Make sure that messages waited all the time."""
    waiting = database.count(f"engagement_delivery WHERE channel = '{channel}' AND sent_at IS NULL")
    assert waiting > MESSAGES * LEFT, f"Only {waiting} of {MESSAGES} messages waited in the end."
