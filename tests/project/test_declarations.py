"""Mistakes in a capability that would otherwise just mean that nothing happens."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

from engagement.notifier import Notifier
from engagement.registry import NotifierRegistry, notifiers
from project import discovery
from tests.probe.events import Unheard


@pytest.fixture
def own_notifiers(monkeypatch: pytest.MonkeyPatch) -> NotifierRegistry:
    """Let a test declare notifiers; they are forgotten afterwards."""
    monkeypatch.setattr(notifiers, "_by_name", dict(notifiers._by_name))
    return notifiers


def found(tag: str, name: str) -> list[CheckMessage]:
    """Return what the checks find wrong with what has this name, besides a wording that is not there."""
    messages = [each for each in run_checks(tags=[tag]) if name in each.msg]
    assert all(each.hint for each in messages)
    return [each for each in messages if each.id != "engagement.W004"]


# Notifiers


def test_a_notifier_without_an_event_is_an_error() -> None:
    class ForgottenNotifier(Notifier[Unheard]):
        reason = "you would have heard"

    (error,) = found("engagement", "ForgottenNotifier")
    assert error.id == "engagement.E006"
    assert error.msg.startswith("tests.project.test_declarations.")
    assert error.msg.endswith("ForgottenNotifier has no event, so nobody hears of anything by it.")


def test_a_base_class_needs_no_event(own_notifiers: NotifierRegistry) -> None:
    class BaseNotifier(Notifier[Unheard]):
        reason = "you hear of it"
        example = Unheard()

        def audience(self, event: Unheard) -> list[int]:
            return []

    class OwnNotifier(BaseNotifier):
        event = Unheard

    class LonelyBaseNotifier(Notifier[Unheard]):
        abstract = True

    assert found("engagement", "BaseNotifier") == []
    assert found("engagement", "OwnNotifier") == []


def test_a_notifier_without_a_reason_is_a_warning(own_notifiers: NotifierRegistry) -> None:
    class BluntNotifier(Notifier[Unheard]):
        event = Unheard
        example = Unheard()

        def audience(self, event: Unheard) -> list[int]:
            return []

    (warning,) = found("engagement", "BluntNotifier")
    assert warning.id == "engagement.W007"
    assert "says to nobody why they hear of it" in warning.msg


# Capabilities


def capability(folder: Path, *names: str) -> None:
    """Make the folder of a capability with these files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_a_capability_without_an_app_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "CAPABILITIES", tmp_path)
    capability(tmp_path / "kites", "__init__.py", "handlers.py")
    (warning,) = found("project", "kites")
    assert warning.id == "project.W001"
    assert warning.msg == "capabilities/kites has no apps.py, so nothing in it is found."


@pytest.mark.parametrize("names", [["apps.py", "handlers.py"], ["__pycache__/handlers.pyc"], ["notes/x.txt"]])
def test_what_is_an_app_or_has_no_code_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[Any]
) -> None:
    monkeypatch.setattr(discovery, "CAPABILITIES", tmp_path)
    capability(tmp_path / "kites", *names)
    assert found("project", "kites") == []


def test_what_is_shipped_has_nothing_wrong() -> None:
    assert [each for tag in ("engagement", "project") for each in found(tag, "capabilities")] == []
