"""The channel of devices: what is one, how it is shown, and who brings messages to it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.channels import channel_of
from engagement.channels.base import DeliveryError, Stored
from engagement.channels.push import channel
from engagement.push.google import lines
from tests.engagement.push.devices import FID, TOKEN, consequences, outgoing
from tests.fcm import FcmServer, refusal


@pytest.fixture(autouse=True)
def _nobody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENGAGEMENT_PUSH_PROVIDER = settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = ""
    settings.ENGAGEMENT_FCM_CREDENTIALS = None
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


@pytest.fixture
def fcm(settings: Settings) -> Iterator[FcmServer]:
    """Have push notifications sent to a Google of our own."""
    with FcmServer() as found:
        settings.ENGAGEMENT_FCM_CREDENTIALS = found.account()
        yield found
        lines.close()


def test_it_is_a_channel_with_devices_in_a_table() -> None:
    assert channel_of("push") is channel
    assert isinstance(channel, Stored)
    assert (channel.kinds, channel.is_entered, channel.threads) == (("token", "fid"), False, 5)


def test_it_is_configured_if_there_is_a_provider(fcm: FcmServer, settings: Settings) -> None:
    assert channel.configured()
    settings.ENGAGEMENT_FCM_CREDENTIALS = None
    assert not channel.configured()


def test_a_message_goes_to_the_provider(fcm: FcmServer) -> None:
    with channel.connect() as turn:
        assert turn.send(outgoing()).provider_id == "projects/kites/messages/1"
    assert [posted.device for posted in fcm.posted] == [TOKEN]


def test_what_the_provider_refuses_is_refused(fcm: FcmServer) -> None:
    fcm.answers[TOKEN] = refusal(404, "UNREGISTERED")
    with channel.connect() as turn, pytest.raises(DeliveryError) as found:
        turn.send(outgoing())
    assert consequences(found.value) == {"permanent": True, "retire": True}


def test_messages_wait_where_there_is_no_provider() -> None:
    with channel.connect() as turn, pytest.raises(DeliveryError) as found:
        turn.send(outgoing())
    assert consequences(found.value) == {"unreachable": True}


@pytest.mark.parametrize(
    ("kind", "value"), [("token", TOKEN), ("fid", FID), ("token", "x"), ("token", "!" * 1_000)]
)
def test_a_device_is_kept_as_it_is(kind: str, value: str) -> None:
    assert channel.clean(value, kind) == value
    assert channel.clean(f" {value}\n", kind) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("", TOKEN),
        ("apns", TOKEN),
        ("token", ""),
        ("token", "  "),
        ("token", "two words"),
        ("token", "naïve"),
        ("token", "bell\x07"),
        ("fid", "x" * 1_001),
    ],
)
def test_what_cannot_be_a_device_is_refused(kind: str, value: str) -> None:
    with pytest.raises(ValidationError) as found:
        channel.clean(value, kind)
    assert value not in str(found.value) or not value.strip()


@given(st.text(max_size=1_100))
def test_whatever_is_entered_is_a_device_or_refused(value: Any) -> None:
    try:
        found = channel.clean(value, "token")
    except ValidationError:
        return
    assert 1 <= len(found) <= 1_000
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found


def test_no_more_is_shown_than_tells_devices_apart() -> None:
    assert channel.shown(FID) == f"…{FID[-6:]}"
    assert channel.shown(TOKEN) == "…xxxxxx"


def test_all_of_a_short_one_is_not_shown() -> None:
    assert [channel.shown(value) for value in ("abcdef", "abc", "a")] == ["…def", "…bc", "…a"]


def test_the_attempts_are_the_providers(fcm: FcmServer, settings: Settings) -> None:
    assert channel.retries is None
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = "http://gateway.kites.example"
    assert channel.retries == (2.0, 4.0)
    settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = ""
    assert channel.retries is None
