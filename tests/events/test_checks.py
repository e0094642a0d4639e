"""A wrong setting is a system check, with an id and a hint."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from pytest_django import Settings

GOOD = dict(django_settings.Q_CLUSTER)


def found(settings: Settings, **changes: Any) -> dict[str | None, str]:
    """Return the ids and hints of what the checks of the bus find with these settings."""
    for name, value in changes.items():
        setattr(settings, name, value)
    messages = run_checks(tags=["events"])
    assert all(message.hint for message in messages)
    return {message.id: f"{message.msg} {message.hint}" for message in messages}


def database(settings: Settings, **changes: Any) -> dict[str, Any]:
    """Return DATABASES with a changed default."""
    return {"default": {**settings.DATABASES["default"], **changes}}


def test_the_projects_own_settings_are_right(settings: Settings) -> None:
    assert found(settings) == {}


@pytest.mark.parametrize(
    ("changes", "expected", "text"),
    [
        ({"Q_CLUSTER": {}}, "events.E001", "Q_CLUSTER is not set"),
        ({"Q_CLUSTER": GOOD | {"broker_class": "kites.Broker"}}, "events.E002", "kites"),
        ({"Q_CLUSTER": GOOD | {"broker_class": None}}, "events.W003", "schedule of each minute"),
        ({"Q_CLUSTER": GOOD | {"orm": "other"}}, "events.E004", "default"),
        ({"EVENTS_LEASE_SECONDS": 50}, "events.E005", "60, 90 and 180"),
        ({"EVENTS_LEASE_SECONDS": 200}, "events.E005", "(180)"),
        ({"Q_CLUSTER": GOOD | {"timeout": None}}, "events.E005", "None"),
        ({"EVENTS_TURN_SECONDS": 60}, "events.E006", "2 seconds"),
        ({"Q_CLUSTER": GOOD | {"max_attempts": 3}}, "events.W007", "max_attempts"),
        ({"Q_CLUSTER": GOOD | {"save_limit": 250}}, "events.W007", "save_limit"),
        ({"Q_CLUSTER": GOOD | {"ack_failures": False}}, "events.W007", "ack_failures"),
        ({"EVENTS_EXECUTION": "inlin"}, "events.E008", "inline"),
        ({"EVENTS_STALL_SECONDS": float("nan")}, "events.E015", "604800 or less"),
        ({"EVENTS_STALL_SECONDS": float("inf")}, "events.E015", "604800 or less"),
        ({"EVENTS_TURN_SECONDS": float("nan")}, "events.E015", "2.0 is the default"),
        ({"EVENTS_STALL_SECONDS": "10"}, "events.E015", "is '10'"),
        ({"EVENTS_MAX_ATTEMPTS": 40_000}, "events.E015", "32767 or less"),
        ({"EVENTS_RETENTION": timedelta.max}, "events.E015", "EVENTS_RETENTION is"),
        ({"EVENTS_DEAD_RETENTION": 90}, "events.E015", "EVENTS_DEAD_RETENTION is"),
    ],
)
def test_each_wrong_setting_is_named_with_what_to_do(
    settings: Settings, changes: dict[str, Any], expected: str, text: str
) -> None:
    messages = found(settings, **changes)
    assert expected in messages
    assert text in messages[expected]


@pytest.mark.parametrize(
    ("changes", "expected", "text"),
    [
        ({"ENGINE": "django.db.backends.sqlite3"}, "events.E009", "PostgreSQL 15"),
        ({"OPTIONS": {"pool": True}}, "events.E010", "ASGI"),
        ({"CONN_MAX_AGE": 0}, "events.W011", "600"),
        ({"DISABLE_SERVER_SIDE_CURSORS": True}, "events.W012", "EVENTS_LISTEN_DSN"),
        ({"HOST": "db.example", "OPTIONS": {}}, "events.W013", "two hours"),
    ],
)
def test_a_wrong_database_setting_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, changes: dict[str, Any], expected: str, text: str
) -> None:
    # Not through the settings fixture: Django warns of DATABASES being overridden.
    default = {**settings.DATABASES["default"], **changes}
    monkeypatch.setattr("events.checks.settings.DATABASES", {"default": default})
    messages = found(settings)
    assert list(messages) == [expected]
    assert text in messages[expected]
