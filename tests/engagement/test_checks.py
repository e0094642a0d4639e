"""System checks: wordings that would fail, found at start."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import CheckMessage

from engagement.channels import channels
from engagement.checks import check_wordings
from engagement.notifier import Notifier
from tests.probe.events import Unheard

WriteWording = Callable[[str, str], Path]
Declare = Callable[..., Notifier[Unheard]]
PROBES = (
    "probe.MetNotifier",
    "probe.ToldNotifier",
    "probe.ToldBadlyNotifier",
    "probe.ToldPersonallyNotifier",
    "probe.ToldEverybodyNotifier",
)


def found() -> list[CheckMessage]:
    """Return what the check finds, besides the probe's notifiers that have lost their wording."""
    return [each for each in check_wordings(None) if not each.msg.startswith(PROBES)]


def test_what_is_shipped_has_nothing_wrong() -> None:
    assert [each.msg for each in check_wordings(None)] == [
        "probe.ToldBadlyNotifier has no wording for the inbox: people get the fallback notification."
    ]


def test_a_missing_wording_is_a_warning_that_names_the_file(declare: Declare) -> None:
    declare(list, slug="own.slug")
    (warning,) = found()
    hint = "Write notifications/own.slug.toml in its app, with [en.app]."
    assert (warning.id, warning.hint) == ("engagement.W004", hint)
    assert "own.Listener" in warning.msg


@pytest.mark.parametrize(
    "text", ["{{ colour }}", "{{ name.x }}", "{% for x in name %}{% endfor %}", "{% if %}"]
)
def test_a_wording_that_would_fail_is_an_error(write_wording: WriteWording, text: str) -> None:
    place = write_wording("test.told", f'[en.app]\ntitle = "Kite"\nmessage = "{text}"')
    (error,) = found()
    assert error.id == "engagement.E003"
    assert error.hint == "People would get the fallback notification."
    assert str(place) in error.msg


def test_every_language_and_channel_is_checked(write_wording: WriteWording) -> None:
    write_wording(
        "test.told", '[en.app]\ntitle = "x"\n[de.app]\ntitle = "{{ a }}"\n[de.email]\ntitle = "{{ b }}"'
    )
    assert [each.id for each in found()] == ["engagement.E003", "engagement.E003"]


def test_a_file_of_an_unknown_slug_is_a_warning(write_wording: WriteWording) -> None:
    write_wording("test.tolt", '[en.app]\ntitle = "Kite"')
    (warning,) = found()
    assert warning.id == "engagement.W002"
    assert "no notifier or event type is called test.tolt" in warning.msg


def test_a_malformed_file_is_an_error(write_wording: WriteWording) -> None:
    place = write_wording("test.told", "title = ")
    (error,) = found()
    assert error.id == "engagement.E001"
    assert str(place) in error.msg


def test_a_slug_that_two_apps_claim_is_an_error(write_wording: WriteWording) -> None:
    write_wording("product.created", '[en.app]\ntitle = "Mine"')
    (error,) = found()
    assert error.id == "engagement.E001"
    assert "keep one" in error.msg


def test_a_channel_that_there_is_not_is_an_error(declare: Declare, write_wording: WriteWording) -> None:
    write_wording("test.unheard", '[en.app]\ntitle = "x"')
    declare(list, channels=("app", "pigeon", "email"))
    (error,) = found()
    assert (error.id, error.msg) == ("engagement.E005", "own.Listener.channels names pigeon.")
    assert error.hint == f"The channels are {', '.join(channels())}."


@pytest.mark.parametrize("section", ["en.email", "de.app"])
def test_a_file_without_a_text_for_the_inbox_is_a_warning(write_wording: WriteWording, section: str) -> None:
    write_wording("test.told", f'[{section}]\ntitle = "Kite"')
    assert [each.id for each in check_wordings(None) if each.msg.startswith("probe.ToldNotifier")] == [
        "engagement.W004"
    ]


@pytest.mark.parametrize("mandatory", [("emial",), "emial"])
def test_a_mandatory_channel_that_there_is_not_is_an_error(
    declare: Declare, write_wording: WriteWording, mandatory: object
) -> None:
    write_wording("test.unheard", '[en.app]\ntitle = "x"')
    declare(list, mandatory=mandatory)
    (error,) = found()
    assert (error.id, error.msg) == ("engagement.E005", "own.Listener.mandatory names emial.")
