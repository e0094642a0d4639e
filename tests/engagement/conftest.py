"""What the tests of notifications share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from engagement import wording
from engagement.channels import channels
from engagement.notifier import Notifier
from engagement.registry import NotifierRegistry, notifiers
from tests.engagement.pigeon import Pigeons, TextPigeons
from tests.engagement.stored import Push, Sms, Webhook, set_up
from tests.probe.events import Unheard


@pytest.fixture(autouse=True)
def _channels_in_order() -> Iterator[None]:
    """Put the channels back as they were: one that a test has replaced would come last from then on."""
    before = dict(channels())
    yield
    channels().clear()
    channels().update(before)


@pytest.fixture
def own_notifiers(monkeypatch: pytest.MonkeyPatch) -> NotifierRegistry:
    """Let a test declare notifiers; they are forgotten afterwards."""
    monkeypatch.setattr(notifiers, "_by_name", dict(notifiers._by_name))
    return notifiers


@pytest.fixture
def declare(own_notifiers: NotifierRegistry) -> Callable[..., Notifier[Unheard]]:
    """Return a function that declares a notifier of test.unheard with this audience."""

    def declare(audience: Callable[[], Any], name: str = "Listener", **attributes: Any) -> Notifier[Unheard]:
        body = {"event": Unheard, "example": Unheard(), "audience": lambda self, event: audience()}
        type(name, (Notifier,), body | {"__module__": "tests.own.notifiers"} | attributes)
        return own_notifiers[f"own.{name}"]

    return declare


@pytest.fixture
def write_wording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Return a function that writes a wording file; the probe app has only these during the test."""
    folder = tmp_path / "notifications"
    folder.mkdir()
    monkeypatch.setattr(apps.get_app_config("probe"), "path", str(tmp_path))

    def write(slug: str, text: str) -> Path:
        place = folder / f"{slug}.toml"
        place.write_text(text, encoding="utf-8")
        forget_files()
        return place

    forget_files()
    yield write
    forget_files()


def forget_files() -> None:
    """Make the wordings be read again."""
    wording.files.cache_clear()
    wording._read.cache_clear()


@pytest.fixture
def pigeons(monkeypatch: pytest.MonkeyPatch) -> Pigeons:
    """Return a further channel of the installation."""
    found = Pigeons()
    monkeypatch.setitem(channels(), found.name, found)
    return found


@pytest.fixture
def text_pigeons(monkeypatch: pytest.MonkeyPatch) -> TextPigeons:
    """Return a channel instead of that of text messages."""
    found = TextPigeons()
    monkeypatch.setitem(channels(), found.name, found)
    return found


@pytest.fixture
def stored_channels(monkeypatch: pytest.MonkeyPatch) -> tuple[Push, Sms, Webhook]:
    """Have channels for devices, numbers and addresses, of which nothing leaves the process."""
    return set_up(monkeypatch)
