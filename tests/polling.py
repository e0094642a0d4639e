"""Wait for something that another process does: look again and again, up to a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, timeout: float = 15, what: str = "") -> T:
    """Return the first true value of the condition; fail after so many seconds, saying what was waited for."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(
                f"Not within {timeout} s: {what or condition}; the last value was {value!r}."
            )
        time.sleep(0.01)
