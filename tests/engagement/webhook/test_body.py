"""The body of a webhook is a CloudEvent of what a person was told, and never too long."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.channels.base import Outgoing
from engagement.webhook import body_of
from engagement.webhook.body import shortened, size
from tests.engagement.messages import BASE_URL, outgoing


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = BASE_URL


def parsed(message: Outgoing) -> dict[str, Any]:
    """Return a message's body."""
    body = body_of(message)
    assert len(body) < 20_000
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_notification_is_a_cloud_event() -> None:
    message = outgoing(
        message_id="msg_1",
        about="product_management.product:1",
        created_at=datetime(2026, 11, 20, 20, 45, tzinfo=timezone(timedelta(hours=1))),
    )
    assert parsed(message) == {
        "specversion": "1.0",
        "id": "msg_1",
        "source": BASE_URL,
        "type": "product_management.product.created",
        "subject": "product_management.product:1",
        "time": "2026-11-20T19:45:00Z",
        "datacontenttype": "application/json",
        "data": {
            "event_type": "product_management.product.created",
            "category": "product",
            "importance": "usual",
            "language": "en",
            "title": "Kite was created",
            "message": "Bob Byrne created Kite.\nIt is <b>not</b> on sale & has no price yet.",
            "url": f"{BASE_URL}/products/1/",
            "reason": "you manage this product or its organisation",
            "why_url": f"{BASE_URL}/notifications/why/1/",
        },
    }


def test_attributes_without_a_value_are_left_out() -> None:
    assert not {"subject", "time"} & parsed(outgoing()).keys()


def test_no_link_that_does_something_by_itself_is_told() -> None:
    assert outgoing().unsubscribe_url not in body_of(outgoing()).decode()


def test_a_moment_keeps_its_fraction() -> None:
    at = datetime(2026, 11, 20, 19, 45, 0, 123456, tzinfo=UTC)
    assert parsed(outgoing(created_at=at))["time"] == "2026-11-20T19:45:00.123456Z"


def test_a_long_message_is_shortened_and_nothing_else() -> None:
    found = parsed(outgoing(message="ä" * 50_000))["data"]
    assert found["message"].endswith("ä…")
    assert found["title"] == "Kite was created"
    assert len(body_of(outgoing(message="ä" * 50_000))) > 19_990


def test_a_long_title_is_shortened_when_no_message_is_left() -> None:
    found = parsed(outgoing(title="<" * 50_000, message="x" * 50_000))["data"]
    assert found["message"] == ""
    assert found["title"].endswith("<…")


def test_what_is_escaped_is_counted_as_it_is_sent() -> None:
    assert parsed(outgoing(message="\x00" * 4_000))["data"]["message"].endswith("\x00…")


def test_a_message_that_just_fits_is_not_touched() -> None:
    room = 19_999 - len(body_of(outgoing(message="")))
    assert parsed(outgoing(message="x" * room))["data"]["message"] == "x" * room
    assert parsed(outgoing(message="x" * (room + 1)))["data"]["message"] == "x" * (room - 3) + "…"


TEXTS = st.text() | st.text(st.sampled_from('xä\n"\\\x00\u0903🪁👩\u200d👧'), min_size=1).map(
    lambda text: text * 5_000
)


@given(title=TEXTS, message=TEXTS, reason=TEXTS)
def test_whatever_it_says_a_body_is_less_than_20_kilobytes(title: str, message: str, reason: str) -> None:
    found = parsed(outgoing(title=title, message=message, reason=reason))["data"]
    for name, text in {"title": title, "message": message, "reason": reason}.items():
        assert found[name] == text or text.startswith(found[name].removesuffix("…"))


def test_half_a_character_is_no_error() -> None:
    assert parsed(outgoing(message="\ud83e"))["data"]["message"] == "?"


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("Kite", 4, "Kite"),
        ("Kites", 4, "K…"),
        ("A kite", 5, "A…"),
        ("Käse", 4, "K…"),
        ("Käse", 2, ""),
        ("Käse", -10, ""),
        ("", 0, ""),
        # An accent that is a character of its own; a vowel sign of Devanagari; a family of three.
        ("e\u0301e\u0301e\u0301", 7, "e\u0301…"),
        ("नमस्ते है", 9 + 3, "नम…"),
        ("👩\u200d👧\u200d👦!", 18, "…"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, room: int, expected: str) -> None:
    assert shortened(text, room) == expected
    assert size(expected) <= max(room, 0)
