"""Functions for enqueue_task."""

import os
from collections.abc import Iterator

from tests.probe.models import Call

NOT_A_FUNCTION = 3


def jot(note: str, number: int = 0) -> None:
    """Leave a row."""
    Call.objects.create(handler="jot", event_log_id=number, note=note, process=os.getpid())


def explode() -> None:
    """Fail."""
    raise ValueError("It does not work.")


async def jot_slowly(note: str) -> None:
    """Leave a row, from a coroutine."""
    await Call.objects.acreate(handler="jot_slowly", event_log_id=0, note=note, process=os.getpid())


def yield_notes(note: str) -> Iterator[str]:
    """Do nothing until somebody asks for the first."""
    yield note
