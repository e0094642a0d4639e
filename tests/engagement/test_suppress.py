"""Endpoints that must not be used."""

import logging

import pytest

from engagement.channels.email import channel
from engagement.models import Cause, Suppression
from engagement.suppress import is_suppressed, lift, suppress
from events.sql import fetch

pytestmark = pytest.mark.django_db

ALICE = "alice@kites.example"


def test_what_is_suppressed_is_not_used_until_it_is_lifted() -> None:
    assert not is_suppressed("email", ALICE)
    assert suppress("email", ALICE, Cause.BOUNCE, "550 No such user")
    assert is_suppressed("email", ALICE)
    assert lift("email", ALICE)
    assert not is_suppressed("email", ALICE)
    assert not lift("email", ALICE)


def test_it_is_suppressed_on_that_channel_only() -> None:
    suppress("sms", "+49151", Cause.STOP)
    assert not is_suppressed("email", "+49151")


def test_the_first_cause_stays() -> None:
    suppress("email", ALICE, Cause.BOUNCE, "550 No such user")
    assert not suppress("email", ALICE, Cause.COMPLAINT, "Spam!")
    row = Suppression.objects.get()
    assert (row.cause, row.reason) == (Cause.BOUNCE, "550 No such user")


@pytest.mark.parametrize(
    "written", [" Alice@Kites.example ", "ALICE@KITES.EXAMPLE", "alice@kites.example\r\n"]
)
def test_an_address_is_the_same_however_it_is_written(written: str) -> None:
    suppress("email", written, Cause.BOUNCE)
    assert Suppression.objects.get().endpoint == ALICE
    assert is_suppressed("email", ALICE.title())
    assert lift("email", written)


@pytest.mark.parametrize("reason", ["5" * 10_000, "a\0b", "\ud800", "<script>", "550\r\n5.1.1"])
def test_whatever_the_far_end_said_can_be_stored(reason: str) -> None:
    assert suppress("email", ALICE, Cause.BOUNCE, reason)
    assert suppress("email", f"{reason}@kites.example", Cause.BOUNCE, reason)
    assert is_suppressed("email", f"{reason}@kites.example")


@pytest.mark.parametrize("nothing", ["", "  "])
def test_nothing_cannot_be_suppressed(nothing: str) -> None:
    assert not suppress("email", nothing, Cause.BOUNCE)
    assert not Suppression.objects.exists()


def test_the_log_does_not_say_whose_address_it_was(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "engagement.suppress"):
        suppress("email", ALICE, Cause.BOUNCE, f"550 <{ALICE}>: no such user")
    assert "a…@kites.example by email any more: bounce" in caplog.text
    assert ALICE not in caplog.text


def test_decisions_heed_it() -> None:
    suppress("email", "Bob@Kites.example", Cause.BOUNCE)
    condition = channel.suppressed_sql("person")
    people = "(SELECT 'BOB@kites.example' AS email) person"
    assert fetch(f"SELECT {condition} FROM {people}") == [(True,)]
