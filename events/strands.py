"""The strands of one model's work, side by side: what is slow in one of them holds up no other."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from threading import Event, local

from django.db import connection

from events import rests
from events.exceptions import Unreachable
from events.hands import hands
from events.sql import LOST_DATABASE
from events.take import Pace, take
from events.work import LeasedWork, turn_of

logger = logging.getLogger(__name__)

#: How often to look whether another strand, or another thread of one, has something to do; in seconds.
LOOK_EVERY = 0.05
#: For how long, in seconds, the others go on after the turn while one is still at a slow piece of work. Together with
#: two calls of the longest kind (0.4 of a lease) it is less than django-q2's time-out.
OVERTIME = 10.0
#: How long a turn is then.
SHORT = 0.5

_thread = local()


def draining() -> set[str]:
    """Return the lanes that this thread is draining, or doing a part of: it does not begin with them anew."""
    found: set[str] = _thread.__dict__.setdefault("draining", set())
    return found


def in_threads(model: type[LeasedWork], deadline: float) -> int:
    """Do what is due in every strand, each in threads of its own, until nothing is due or the turn is over.

    Whoever is in the middle of a slow piece of work then finishes it, and the other strands go on meanwhile.
    """
    stop, running, total = Event(), dict["Future[int]", str](), 0
    late: set[Future[int]] = set()
    try:
        while True:
            now = time.monotonic()
            if now < deadline:
                late = set(running)
            slow = {running[each] for each in late & running.keys()}
            if now < deadline or (slow and now < deadline + OVERTIME):
                end = deadline if now < deadline else now + SHORT
                # What is slow has had its turn: more of it would be waited for in its turn.
                for strand in _wanting(model, running, but=set() if now < deadline else slow):
                    running[hands().submit(partial(_turn, model, strand, end, stop))] = strand
            if not running:
                return total
            done, _pending = wait(running, LOOK_EVERY, FIRST_COMPLETED)
            for future in done:
                del running[future]
                total += future.result()
    except (KeyboardInterrupt, Exception):
        stop.set()
        # What is on its way is finished and recorded, or it would be sent again: after this the process may end.
        wait(running)
        raise
    finally:
        stop.set()


def _wanting(model: type[LeasedWork], running: dict["Future[int]", str], but: set[str]) -> list[str]:
    """Return the strands that have something to do and room for one more thread, but these."""
    busy = list(running.values())
    return [
        strand
        for strand in model.due_strands()
        if strand not in but
        and busy.count(strand) < model.threads(strand)
        and not rests.is_resting(model._meta.label, strand)
    ]


def _turn(model: type[LeasedWork], strand: str, end: float, stop: Event) -> int:
    """Have a turn at one strand in this thread; return how many pieces were attempted."""
    draining().add(model.lane)
    try:
        return turn(model, strand, lambda: stop.is_set() or time.monotonic() >= end)
    finally:
        draining().discard(model.lane)


def turn(model: type[LeasedWork], strand: str, is_over: Callable[[], bool]) -> int:
    """Do what is due in one strand until nothing is, or the turn is over; return how many pieces were attempted.

    A lost database ends the turn, and so does it when nobody can be reached: then the strand rests.
    """
    total, pace, label = 0, Pace(model.quick), model._meta.label
    try:
        with turn_of(model):
            while True:
                done = take(model, strand, pace, is_over)
                total += done
                if done:
                    rests.was_reached(label, strand)
                if not done or is_over():
                    return total
    except Unreachable:
        rests.rest(label, strand)
    except LOST_DATABASE:
        logger.warning(
            "Lost the database while draining %s; it will be drained again.", strand, exc_info=True
        )
        connection.close()
    return total
