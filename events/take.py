"""Claim some of the due work and do it."""

import time
from collections.abc import Callable, Sequence

from events.exceptions import Unreachable
from events.handle import attempt
from events.sql import drop_broken_off
from events.work import LeasedWork

#: A claim shrinks when it takes more than this, in seconds.
SLOW = 0.5
LARGEST_CLAIM = 100


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


def take(model: type[LeasedWork], strand: str, pace: Pace, is_over: Callable[[], bool]) -> int:
    """Claim as much of a strand as the pace allows and do it; return how many were attempted."""
    started = time.monotonic()
    claimed = model.claim_in(strand, pace.limit)
    attempted = do(claimed, lambda: is_over() or time.monotonic() >= started + SLOW)
    pace.learn(len(claimed), time.monotonic() - started)
    return attempted


def do(claimed: Sequence[LeasedWork], is_over: Callable[[], bool]) -> int:
    """Attempt what was claimed; return how many pieces. Whoever stops early gives back the rest.

    Raises Unreachable if there is no use in going on.
    """
    attempted, all_done = 0, False
    try:
        for work in claimed:
            if not attempt(work):
                raise Unreachable
            attempted += 1
            if is_over():
                break
        else:
            all_done = True
    finally:
        if not all_done:
            drop_broken_off()
            type(claimed[0]).release(claimed[0].lease_token)
    return attempted
