"""Environment variables: a wrong value stops the start."""

from collections.abc import Callable
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
        (lambda: env.decimal("X", 1), "one"),
    ],
)
def test_a_typing_error_is_not_a_default(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], Any], text: str
) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be"):
        read()


def test_what_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    assert env.text("X", "a") == "a"
    assert env.integer("X", 3) == 3
    assert env.decimal("X", 0.5) == 0.5
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
