"""Take due work and do it until none is due; knows nothing of django-q2."""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from django.db import connection, reset_queries

from events import rests
from events.conf import conf
from events.exceptions import Unreachable
from events.sql import LOST_DATABASE
from events.strands import draining, in_threads, turn
from events.take import LARGEST_CLAIM, SLOW, Pace, do, take
from events.work import LeasedWork, models_in, turn_of

logger = logging.getLogger(__name__)

#: How often at the most, in seconds, a thread looks for what the dead held.
EXPIRE_EVERY = 1.0
#: For how long nothing is done at once after nobody could be reached, in seconds: workers try meanwhile.
AT_ONCE_REST = 30.0
#: How long somebody waits for what is done at once, in seconds.
AT_ONCE_SECONDS = 20.0

_thread = threading.local()


def drain(lane: str = "events", seconds: float | None = None) -> int:
    """Do the due work of a lane until none is due or the turn is over; return how many pieces were attempted.

    `seconds` is the length of the turn, EVENTS_TURN_SECONDS by default; of an endless one everything is done in this
    thread. A lost database ends the turn; what was claimed comes back when its lease runs out. Called inside itself (a
    handler that publishes, with inline execution) it does nothing: the outer one will get there.
    """
    if lane in draining():
        return 0
    draining().add(lane)
    reset_queries()  # with DEBUG on, Django keeps each statement, and nobody else forgets them in a worker
    try:
        return _drain(lane, time.monotonic() + (conf.turn_seconds if seconds is None else seconds))
    except LOST_DATABASE:
        logger.warning("Lost the database while draining %s; it will be drained again.", lane, exc_info=True)
        connection.close()
        return 0
    finally:
        draining().discard(lane)


def do_now(
    model: type[LeasedWork], only: str, values: Sequence[object], seconds: float = AT_ONCE_SECONDS
) -> int:
    """Do the due work of one model that fulfils an SQL condition on the alias `work`, in this thread.

    For whoever wants it done before they go on; workers may have taken some of it already, and do what is left after
    so many seconds. Returns how many pieces were attempted.
    """
    done, deadline, label = 0, time.monotonic() + seconds, model._meta.label
    for strand in model.due_strands(only, values):
        if rests.is_resting(label, strand):
            continue
        try:
            with turn_of(model):
                done += _do_now(partial(model.claim_in, strand, LARGEST_CLAIM, only, values), deadline)
        except Unreachable:
            # The next to come need not wait for nothing as well.
            rests.rest(label, strand, AT_ONCE_REST)
    return done


def _do_now(claim: Callable[[], Sequence[LeasedWork]], deadline: float) -> int:
    done = 0
    while time.monotonic() < deadline and (claimed := claim()):
        end = min(deadline, time.monotonic() + SLOW)
        done += do(claimed, lambda: time.monotonic() >= end)  # noqa: B023 - called before the next
    return done


def _drain(lane: str, deadline: float) -> int:
    models = models_in(lane)
    paces = {model: Pace(model.quick) for model in models if not model.strand}
    divided = [model for model in models if model.strand]
    total = 0
    with ExitStack() as turns:
        for model in paces:
            turns.enter_context(turn_of(model))
        while True:
            done = sum(
                take(model, "", pace, lambda: time.monotonic() >= deadline) for model, pace in paces.items()
            )
            done += sum(_in_strands(model, deadline) for model in divided)
            total += done
            if time.monotonic() >= deadline:
                return total
            if not done and not _expire(lane):
                return total


def _in_strands(model: type[LeasedWork], deadline: float) -> int:
    """Do what is due in all strands: side by side, unless it is all to be done here and now."""
    if deadline != math.inf and not connection.in_atomic_block:
        return in_threads(model, deadline)
    label, is_patient = model._meta.label, deadline != math.inf
    open_ = [name for name in model.due_strands() if not (is_patient and rests.is_resting(label, name))]
    return sum(turn(model, name, lambda: time.monotonic() >= deadline) for name in open_)


def _expire(lane: str) -> int:
    """Give back what the dead held, at most once a second; return how many rows. Last, since it is least urgent."""
    expired_at: dict[str, float] = _thread.__dict__.setdefault("expired_at", {})
    if time.monotonic() - expired_at.get(lane, float("-inf")) < EXPIRE_EVERY:
        return 0
    expired_at[lane] = time.monotonic()
    return sum(model.expire() for model in models_in(lane))
