"""M7: what comes of everything else while the slow server of one channel has many messages still to take."""

from collections import defaultdict
from dataclasses import dataclass

from bench.m5_latency.latency import Latency
from bench.m7_slow_channel import devices
from bench.m7_slow_channel.beside import MESSAGES, Case, turn
from bench.progress import repetitions, say
from bench.report import Line, at_most, compared, milliseconds

TITLE = (
    "latency beside a slow channel, all lanes: publish's commit to inbox row, or to another channel's server"
)
#: What waits, and what is measured, in words.
SLOW = {"email": "mails", "push": "pushes", "sms": "text messages", "webhook": "webhooks"}
QUICK = {"": "row", "webhook": "a webhook's arrival", "email": "a mail's arrival"}
CASES = [*(Case(channel) for channel in SLOW), Case("email", "webhook"), Case("webhook", "email")]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    repetitions: int
    events: int


FULL, SMALL = Size(3, 100), Size(1, 20)


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M7."""
    size = SMALL if quick else FULL
    found: dict[Case, list[tuple[Latency, Latency]]] = defaultdict(list)
    for _ in repetitions("latency", size.repetitions):
        for case in CASES:
            before, meanwhile = turn(case, size.events)
            found[case].append((before, meanwhile))
            say(f"commit to {QUICK[case.quick]}: {before}; beside {MESSAGES} {SLOW[case.slow]}: {meanwhile}")
    return [line for case in CASES for line in _lines(case, found[case])] + devices.measure(size.repetitions)


def _lines(case: Case, turns: list[tuple[Latency, Latency]]) -> list[Line]:
    goal = at_most(1.5, "ratio <= 1.5")
    what = f"commit to {QUICK[case.quick]}, {{}}, while {MESSAGES} {SLOW[case.slow]} wait, 1 s each"
    before, meanwhile = zip(*turns, strict=True)
    p95 = [each.p95 for each in meanwhile], [each.p95 for each in before]
    p50 = [each.p50 for each in meanwhile], [each.p50 for each in before]
    return [
        compared(what.format("p95"), p95[0], "idle", p95[1], show=milliseconds, goal=goal),
        compared(what.format("p50"), p50[0], "idle", p50[1], show=milliseconds),
    ]
