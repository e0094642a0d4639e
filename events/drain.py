"""Take due work and do it until none is due; knows nothing of django-q2."""

import logging
import math
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack

from django.db import connection, reset_queries

from events.conf import conf
from events.exceptions import Unreachable
from events.handle import attempt
from events.sql import LOST_DATABASE, drop_broken_off
from events.work import LeasedWork, models_in, turn_of

logger = logging.getLogger(__name__)

#: A claim shrinks when it takes more than this, in seconds.
SLOW = 0.5
LARGEST_CLAIM = 100
#: How often at the most, in seconds, a thread looks for what the dead held.
EXPIRE_EVERY = 1.0
#: For how long nothing is done at once after nobody could be reached, in seconds: workers try meanwhile.
AT_ONCE_REST = 30.0
#: How long somebody waits for what is done at once, in seconds.
AT_ONCE_SECONDS = 20.0
#: Seconds that a lane rests when nobody can be reached, by how often in a row; not so long that it looks stuck.
RESTS = (0.1, 0.5, 1.0, 2.0, 4.0)

_thread = threading.local()


class Pace:
    """How many rows to claim: many while they are quick and there is a backlog, otherwise few.

    Few while they are slow, so that urgent ones need not wait: fixed claims of 100 let an urgent row wait
    9.7 s behind handlers of 50 ms; this, 0.11 s. Few while there is no backlog, so that idle workers get a
    share: two slow runs of one event are not to be done one after the other.
    """

    def __init__(self, quick: float) -> None:
        self.limit, self._quick = 1, quick

    def learn(self, claimed: int, seconds: float) -> None:
        """Adapt to how long a claim of so many rows took."""
        if claimed < self.limit:
            self.limit = max(1, claimed)
        elif seconds > SLOW:
            self.limit = max(1, self.limit // 2)
        elif seconds * 2 < self._quick:
            self.limit = min(LARGEST_CLAIM, self.limit * 2)


def drain(lane: str = "events", seconds: float | None = None) -> int:
    """Do the due work of a lane until none is due or the turn is over; return how many pieces were attempted.

    `seconds` is the length of the turn, EVENTS_TURN_SECONDS by default. A lost database ends the turn; what
    was claimed comes back when its lease runs out. Called inside itself (a handler that publishes, with
    inline execution) it does nothing: the outer one will get there.
    """
    draining: set[str] = _thread.__dict__.setdefault("draining", set())
    if lane in draining or (seconds != math.inf and _is_resting(lane)):
        return 0
    draining.add(lane)
    reset_queries()  # with DEBUG on, Django keeps each statement, and nobody else forgets them in a worker
    try:
        return _drain(lane, time.monotonic() + (conf.turn_seconds if seconds is None else seconds))
    except LOST_DATABASE:
        logger.warning("Lost the database while draining %s; it will be drained again.", lane, exc_info=True)
        connection.close()
        return 0
    except Unreachable:
        _rest(lane)
        return 0
    finally:
        draining.discard(lane)


def _rest(lane: str, seconds: float = 0.0) -> None:
    """Let the lane rest, the longer the more turns in a row have ended like this; nobody sleeps meanwhile."""
    rests, until = _rests()
    until[lane] = time.monotonic() + max(seconds, RESTS[min(rests.get(lane, 0), len(RESTS) - 1)])
    rests[lane] = rests.get(lane, 0) + 1


def _is_resting(lane: str) -> bool:
    return time.monotonic() < _rests()[1].get(lane, 0.0)


def _rests() -> tuple[dict[str, int], dict[str, float]]:
    """Return how often in a row each lane has rested, and until when; of this thread."""
    found: tuple[dict[str, int], dict[str, float]] = _thread.__dict__.setdefault("rests", ({}, {}))
    return found


def do_now(
    model: type[LeasedWork], only: str, values: Sequence[object], seconds: float = AT_ONCE_SECONDS
) -> int:
    """Do the due work of one model that fulfils an SQL condition on the alias `work`, in this thread.

    For whoever wants it done before they go on; workers may have taken some of it already, and do what is left after
    so many seconds. Returns how many pieces were attempted.
    """
    done, deadline = 0, time.monotonic() + seconds
    if _is_resting(model.lane):
        return 0
    with turn_of(model):
        try:
            while time.monotonic() < deadline and (claimed := model.claim(LARGEST_CLAIM, only, values)):
                done += _do(claimed, min(deadline, time.monotonic() + SLOW))
        except Unreachable:
            # The next to come need not wait for nothing as well.
            _rest(model.lane, AT_ONCE_REST)
    return done


def _drain(lane: str, deadline: float) -> int:
    paces = {model: Pace(model.quick) for model in models_in(lane)}
    total = 0
    with ExitStack() as turns:
        for model in paces:
            turns.enter_context(turn_of(model))
        while True:
            done = sum(_take(model, pace, deadline) for model, pace in paces.items())
            total += done
            if done:
                _rests()[0].pop(lane, None)
            if time.monotonic() >= deadline:
                return total
            if not done and not _expire(lane):
                return total


def _expire(lane: str) -> int:
    """Give back what the dead held, at most once a second; return how many rows. Last, since it is least urgent."""
    expired_at: dict[str, float] = _thread.__dict__.setdefault("expired_at", {})
    if time.monotonic() - expired_at.get(lane, float("-inf")) < EXPIRE_EVERY:
        return 0
    expired_at[lane] = time.monotonic()
    return sum(model.expire() for model in models_in(lane))


def _take(model: type[LeasedWork], pace: Pace, deadline: float) -> int:
    """Claim as much as the pace allows and do it; return how many were attempted."""
    started = time.monotonic()
    claimed = model.claim(pace.limit)
    attempted = _do(claimed, min(deadline, started + SLOW))
    pace.learn(len(claimed), time.monotonic() - started)
    return attempted


def _do(claimed: Sequence[LeasedWork], deadline: float) -> int:
    """Attempt what was claimed; return how many pieces. Whoever stops early gives back the rest.

    Raises Unreachable if there is no use in going on.
    """
    attempted, all_done = 0, False
    try:
        for work in claimed:
            if not attempt(work):
                raise Unreachable
            attempted += 1
            if time.monotonic() >= deadline:
                break
        else:
            all_done = True
    finally:
        if not all_done:
            drop_broken_off()
            type(claimed[0]).release(claimed[0].lease_token)
    return attempted
