"""A number that cannot be meant is a system check."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def found(name: str) -> list[str]:
    """Return what is found wrong with this setting."""
    messages = [each for each in run_checks(tags=["events"]) if each.id == "events.E014"]
    assert all(each.msg.startswith(name) and each.hint for each in messages)
    return [each.msg for each in messages]


def test_the_projects_own_numbers_are_right() -> None:
    assert found("") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVENTS_TURN_SECONDS", -1),
        ("EVENTS_TURN_SECONDS", 0),
        ("EVENTS_STALL_SECONDS", -10),
        ("EVENTS_STALL_SECONDS", "10"),
        ("EVENTS_BACKOFF_SECONDS", -5.0),
        ("EVENTS_BACKOFF_SECONDS", float("nan")),
        ("EVENTS_BACKOFF_CEILING_SECONDS", -1),
        ("EVENTS_MAX_ATTEMPTS", 0),
        ("EVENTS_MAX_CRASHES", None),
        ("EVENTS_RETENTION", timedelta(0)),
        ("EVENTS_RETENTION", 90),
        ("EVENTS_DEAD_RETENTION", timedelta(days=-1)),
    ],
)
def test_a_number_that_cannot_be_meant_is_named(settings: Settings, name: str, value: Any) -> None:
    setattr(settings, name, value)
    assert len(found(f"{name} is {value!r}.")) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVENTS_TURN_SECONDS", 0.05),
        ("EVENTS_BACKOFF_SECONDS", 0),
        ("EVENTS_MAX_ATTEMPTS", 1),
        ("EVENTS_DEAD_RETENTION", timedelta(0)),
    ],
)
def test_a_number_may_be_small(settings: Settings, name: str, value: Any) -> None:
    setattr(settings, name, value)
    assert found(name) == []
