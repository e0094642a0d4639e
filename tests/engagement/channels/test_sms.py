"""The SMS channel: which provider it has, what it takes for a number, and what is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from engagement.channels import channels
from engagement.channels.base import DeliveryError, Sent, Stored
from engagement.channels.sms import NOT_CONFIGURED, channel
from engagement.sms import UnknownProvider, chosen
from tests.engagement.messages import BASE_URL, outgoing
from tests.engagement.sms.providers import Pigeon

NUMBER = "+9779812345678"
PROVIDERS = "tests.engagement.sms.providers"
UNKNOWN = [
    "sparow",
    f"{PROVIDERS}.Sparow",
    "tests.no_such_module.Sparrow",
    f"{PROVIDERS}.Loft",
    f"{PROVIDERS}.Unfinished",
    f"{PROVIDERS}",
    7,
    ["sparrow"],
]


@pytest.fixture
def pigeon(settings: Settings) -> Iterator[Pigeon]:
    """Have text messages sent by a provider of our own."""
    settings.ENGAGEMENT_SMS_PROVIDER = f"{PROVIDERS}.Pigeon"
    settings.TEST_PIGEON_LOFT = settings.TEST_PIGEON_SEED = "a lot"
    Pigeon.given.clear()
    yield Pigeon()
    Pigeon.given.clear()


def send(**fields: Any) -> Sent:
    """Send a message as a turn does."""
    with channel.connect() as connection:
        return connection.send(outgoing(endpoint=NUMBER, **fields))


def test_it_is_a_channel_whose_numbers_people_enter_and_prove() -> None:
    assert channels()["sms"] is channel
    assert isinstance(channel, Stored)
    assert (channel.name, str(channel.label), channel.threads) == ("sms", "SMS", 2)
    assert (channel.is_entered, channel.is_verified, channel.is_signed) == (True, True, False)
    assert not channel.can_wait
    assert str(channel.endpoint_label)
    assert str(channel.placeholder)


# Which provider


@pytest.mark.parametrize(
    ("provider", "debug", "name"),
    [
        ("", False, None),
        ("", True, "console"),
        ("console", False, "console"),
        ("sparrow", True, "sparrow"),
        (f"{PROVIDERS}.Pigeon", False, "pigeon"),
    ],
    ids=["nobody", "a developer", "the console all the same", "sparrow", "one of its own"],
)
def test_the_settings_choose_the_provider_and_without_them_only_developers_have_one(
    settings: Settings, provider: str, debug: bool, name: str | None
) -> None:
    settings.ENGAGEMENT_SMS_PROVIDER, settings.DEBUG = provider, debug
    found = chosen()
    assert (found.name if found else None) == name


def test_it_is_not_configured_without_a_provider(settings: Settings) -> None:
    settings.DEBUG = False
    assert not channel.configured()
    settings.DEBUG = True
    assert channel.configured()


@pytest.mark.parametrize("missing", ["TEST_PIGEON_LOFT", "TEST_PIGEON_SEED"])
def test_nor_while_the_provider_needs_something(settings: Settings, pigeon: Pigeon, missing: str) -> None:
    assert channel.configured()
    setattr(settings, missing, "")
    assert not channel.configured()


@pytest.mark.parametrize("name", UNKNOWN, ids=str)
def test_nor_with_one_that_there_is_not(settings: Settings, name: Any) -> None:
    settings.DEBUG = True
    settings.ENGAGEMENT_SMS_PROVIDER = name
    with pytest.raises(UnknownProvider, match="ENGAGEMENT_SMS_PROVIDER is "):
        chosen()
    assert not channel.configured()
    assert channel.clean(NUMBER) == NUMBER


def test_a_message_whose_turn_comes_without_a_provider_makes_the_channel_wait(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(DeliveryError) as refused:
        send()
    assert (refused.value.pause, refused.value.permanent) == (NOT_CONFIGURED, False)


# Numbers


def test_a_number_is_stored_in_one_form_and_shown_in_another(settings: Settings) -> None:
    settings.ENGAGEMENT_SMS_REGION = "NP"
    assert channel.clean(" 981-2345678 ") == NUMBER
    assert channel.shown(NUMBER) == "+977 981-2345678"


@pytest.mark.parametrize("value", ["", "Alice", "981-2345678", "+977 1-5522942"])
def test_what_is_no_number_for_text_messages_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match=r"\."):
        channel.clean(value)


def test_a_number_that_the_provider_does_not_reach_is_refused(settings: Settings) -> None:
    settings.ENGAGEMENT_SMS_PROVIDER = f"{PROVIDERS}.Counting"
    assert channel.clean(NUMBER) == NUMBER
    assert channel.clean("+1 202 555 0123") == "+12025550123"
    with pytest.raises(ValidationError) as refused:
        channel.clean("+49 151 23456789")
    assert refused.value.messages == ["Text messages are sent only to numbers that begin with +1, +977."]


# What is sent


def test_title_message_and_address_are_one_text(pigeon: Pigeon) -> None:
    sent = send(title="Kite was created", message="Bob did.", url=f"{BASE_URL}/products/1/")
    ((number, text, message),) = pigeon.given
    assert number == message.endpoint == NUMBER
    assert text == f"Kite was created\nBob did.\n{BASE_URL}/products/1/"
    assert sent == Sent("coo", provider_id="7", segments=1)


@pytest.mark.parametrize(
    ("message", "segments"), [("a" * 160, 1), ("a" * 161, 2), ("न" * 71, 2), ("न" * 4_000, 10)]
)
def test_how_many_messages_it_became_is_told(pigeon: Pigeon, message: str, segments: int) -> None:
    assert send(title=message, message="", url="").segments == segments


def test_a_provider_may_know_better(settings: Settings) -> None:
    settings.ENGAGEMENT_SMS_PROVIDER = f"{PROVIDERS}.Counting"
    assert send().segments == 3
