"""Environment variables: a wrong value stops the start."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import env


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("true", True), ("Yes", True), ("ON", True), ("0", False), ("no", False), ("", False)],
)
def test_a_boolean_has_a_few_spellings(monkeypatch: pytest.MonkeyPatch, text: str, expected: bool) -> None:
    monkeypatch.setenv("X", text)
    assert env.boolean("X", default=not expected) is expected


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: env.boolean("X", default=False), "ture"),
        (lambda: env.integer("X", 1), "1.5"),
        (lambda: env.integer("X", 1), ""),
        (lambda: env.integer("X", 1, minimum=1), "0"),
        (lambda: env.decimal("X", 1), "one"),
        (lambda: env.decimal("X", 1, minimum=0.1), "-1"),
        (lambda: env.decimal("X", 1), "nan"),
        (lambda: env.decimal("X", 1), "inf"),
        (lambda: env.log_level("X", "INFO"), "foo"),
        (lambda: env.log_level("X", "INFO"), ""),
        (lambda: env.days("X", 1), "one"),
        (lambda: env.days("X", 1), "0"),
        (lambda: env.days("X", 1), "-90"),
        (lambda: env.days("X", 1), "36501"),
        (lambda: env.days("X", 1), "9" * 5000),
    ],
)
def test_a_typing_error_is_not_a_default(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], Any], text: str
) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be"):
        read()


def test_a_number_may_be_its_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "1")
    assert env.integer("X", 2, minimum=1) == 1
    assert env.decimal("X", 2, minimum=1) == 1.0


@pytest.mark.parametrize("text", ["debug", "DEBUG", " Debug "])
def test_a_log_level_may_be_lower_case(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X", text)
    assert env.log_level("X", "INFO") == "DEBUG"


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("LOG_LEVEL=foo", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL; not 'foo'."),
        ("WORKERS=0", "WORKERS must be a whole number from 1 on, not '0'."),
        ("EVENTS_STALL_SECONDS=-5", "EVENTS_STALL_SECONDS must be a number from 1 on, not '-5'."),
        ("EVENTS_RETENTION_DAYS=-1", "EVENTS_RETENTION_DAYS must be from 1 to 36500 days, not -1."),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(variable: str, message: str) -> None:
    name, value = variable.split("=")
    assert manage("check", **{name: value}) == f"A setting is wrong. {message}\n"


def manage(*arguments: str, **environment: str) -> str:
    """Return what manage.py says on standard error when it fails."""
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=Path(env.__file__).parent.parent,
        env=inherited | {"DEBUG": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def test_what_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    assert env.text("X", "a") == "a"
    assert env.integer("X", 3) == 3
    assert env.decimal("X", 0.5) == 0.5
    assert env.days("X", 90) == timedelta(days=90)
    assert env.boolean("X", default=True) is True
    assert env.words("X", ["a"]) == ["a"]
    with pytest.raises(ImproperlyConfigured, match="X must be set"):
        env.text("X")


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "a.example, b.example ,,")
    assert env.words("X", []) == ["a.example", "b.example"]


def test_only_with_debug_may_the_secret_key_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert env.secret_key(debug=True)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        env.secret_key(debug=False)
    monkeypatch.setenv("SECRET_KEY", "s")
    assert env.secret_key(debug=False) == "s"
