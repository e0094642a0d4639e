"""How long to wait before the next attempt; pure."""

import random
from collections.abc import Callable


def delay(failures: int, *, first: float, ceiling: float, rand: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait after so many failures (1 or more).

    The delay doubles from `first` up to `ceiling`, times a random factor between 0.5 and 1.5, so that what
    failed together does not come back together.
    """
    doubled = first * 2.0 ** min(failures - 1, 32)
    return min(ceiling, doubled) * (0.5 + rand())


def jittered(seconds: float, rand: Callable[[], float] = random.random) -> float:
    """Return up to a fifth more than what was laid down, for the same reason; never less."""
    return seconds * (1 + rand() / 5)
