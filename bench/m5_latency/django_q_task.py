"""The task of the baselines on django-q2."""

from events.sql import execute


def leave_row(number: int) -> None:
    """Leave a row."""
    execute("INSERT INTO bench_row (number) VALUES (%s)", [number])
