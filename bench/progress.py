"""Say how far it is; on stderr, so that the table alone is on stdout."""

import sys
from collections.abc import Iterator


def repetitions(what: str, count: int) -> Iterator[int]:
    """Count the repetitions, and say so."""
    for number in range(1, count + 1):
        say(f"{what}, repetition {number} of {count}")
        yield number


def say(text: str) -> None:
    """Print a line."""
    print(f"  {text}", file=sys.stderr, flush=True)
