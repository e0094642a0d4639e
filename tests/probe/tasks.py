"""Functions for enqueue_task."""

import os

from tests.probe.models import Call

NOT_A_FUNCTION = 3


def jot(note: str, number: int = 0) -> None:
    """Leave a row."""
    Call.objects.create(handler="jot", event_log_id=number, note=note, process=os.getpid())


def explode() -> None:
    """Fail."""
    raise ValueError("It does not work.")
