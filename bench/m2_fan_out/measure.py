"""M2: from one event to many inboxes."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

from bench import database
from bench.m2_fan_out import WARMING, carillon, django_q, limit, notifications_hq, sameness
from bench.progress import repetitions, say
from bench.report import Line, alone, at_least, at_most, compared, megabytes, per_second, skipped

TITLE = "fan-out of one event to many inboxes, by two workers"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    repetitions: int
    #: How many people, and how often in each repetition.
    people: dict[int, int]
    notifications_hq: int
    django_q: int


FULL = Size(3, {1_000: 7, 10_000: 3, 100_000: 2}, 5_000, 2_000)
QUICK = Size(1, {1_000: 2, 10_000: 1}, 500, 200)
#: Of Carillon's sizes, the one that is set against the baselines measured with fewer people: they take as long
#: for each person, however many there are.
USUAL = 10_000


@dataclass(slots=True)
class Figures:
    """People per second, and MB, by the number of people."""

    ours: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    limit: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    memory: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    #: Of each repetition; the first of each pair is Carillon's.
    hq: list[tuple[float, float]] = field(default_factory=list)
    django_q: list[tuple[float, float]] = field(default_factory=list)


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M2."""
    size, figures = QUICK if quick else FULL, Figures()
    with notifications_hq.prepared() as unavailable:
        for _ in repetitions("fan-out", size.repetitions):
            for people, samples in size.people.items():
                _beside_the_limit(figures, people, samples)
            usual = median(figures.ours[USUAL][-size.people[USUAL] :])
            if not unavailable:
                rate = size.notifications_hq / notifications_hq.fan_out(size.notifications_hq)
                figures.hq.append((usual, rate))
            figures.django_q.append((usual, _django_q(size.django_q)))
    return list(_lines(size, figures, unavailable))


def _beside_the_limit(figures: Figures, people: int, samples: int) -> None:
    """Measure Carillon and the limit in turns, while its workers run."""
    with carillon.workers() as (workers, fan_out):
        for _ in range(samples):
            figures.ours[people].append(people / _warmed_up(fan_out, people))
            written = sameness.fingerprint()
            figures.limit[people].append(people / _warmed_up(limit.fan_out, people))
            assert sameness.fingerprint() == written, "Carillon and its limit did not write the same rows."
        figures.memory[people].append(workers.peak_memory())
    say(f"{people:,} people: {figures.ours[people][-1]:,.0f}/s, limit {figures.limit[people][-1]:,.0f}/s")


def _warmed_up(fan_out: Callable[[int], float], people: int) -> float:
    """Return the seconds of a fan-out that follows another one, into tables that are no longer empty."""
    database.clear()
    fan_out(WARMING)
    return fan_out(people)


def _django_q(people: int) -> float:
    with django_q.workers():
        return people / django_q.fan_out(people)


def _lines(size: Size, figures: Figures, unavailable: str) -> Iterator[Line]:
    for people in size.people:
        ours, theirs = figures.ours[people], figures.limit[people]
        what = f"people, {people:,} at once"
        yield compared(what, ours, "(a) INSERT ... SELECT", theirs, show=per_second, goal=at_least(0.5))
    what = f"people, {USUAL:,} at once"
    hq, tasks = (
        f"(b) notify.send to {size.notifications_hq:,}",
        f"(c) a django-q2 task each, {size.django_q:,}",
    )
    if unavailable:
        yield skipped(what, hq, unavailable)
    else:
        ours, theirs = zip(*figures.hq, strict=True)
        yield compared(what, ours, hq, theirs, show=per_second, goal=at_least(10))
    ours, theirs = zip(*figures.django_q, strict=True)
    yield compared(what, ours, tasks, theirs, show=per_second, goal=at_least(50))
    yield from _memory(figures)


def _memory(figures: Figures) -> Iterator[Line]:
    peaks = {people: median(values) for people, values in figures.memory.items()}
    for people, peak in peaks.items():
        yield alone(f"peak memory of all worker processes, {people:,}", peak, show=megabytes)
    few, many = min(peaks), max(peaks)
    goal = at_most(50, "< 50 MB")
    yield alone(f"it grows from {few:,} to {many:,} by", peaks[many] - peaks[few], show=megabytes, goal=goal)
