"""What FCM is sent, for each kind of device; and that the JSON of it is short enough."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from engagement.push.fcm import Fcm
from engagement.push.fcm_message import message_for
from tests.engagement.push.devices import FID, TOKEN, outgoing
from tests.engagement.push.test_payload import ADDRESSES, TEXTS
from tests.fcm import FcmServer


def sent(**fields: Any) -> dict[str, Any]:
    """Return the message as it is sent."""
    found: dict[str, Any] = json.loads(str(message_for(outgoing(**fields))))
    return found


@given(
    title=TEXTS,
    message=TEXTS,
    url=ADDRESSES,
    why_url=ADDRESSES,
    thread=st.text(max_size=200),
    about=st.text(max_size=200),
    endpoint=st.sampled_from([TOKEN, FID, "t" * 1_000]),
    kind=st.sampled_from(["token", "fid"]),
    importance=st.sampled_from(["low", "usual", "high"]),
)
def test_it_is_within_the_limit_and_all_data_are_texts(**fields: Any) -> None:
    found = sent(**fields)
    assert len(json.dumps({"message": found})) <= 4_096
    assert all(isinstance(value, str) for value in found["data"].values())
    json.dumps(found, ensure_ascii=False).encode()


def test_it_is_as_long_as_it_is_on_the_wire(fcm: FcmServer) -> None:
    Fcm().send(outgoing(message="🪁" * 4_000))
    (posted,) = fcm.posted
    assert 4_080 < len(posted.raw) <= 4_096
    assert posted.message["notification"]["body"].strip("🪁") == "…"


def test_importance_is_priority() -> None:
    usual, high = sent(importance="usual"), sent(importance="high")
    assert (usual["android"]["priority"], high["android"]["priority"]) == ("normal", "high")
    assert (usual["apns"]["headers"], high["apns"]["headers"]) == (
        {"apns-priority": "5"},
        {"apns-priority": "10"},
    )
    assert (usual["webpush"]["headers"], high["webpush"]["headers"]) == (
        {"Urgency": "normal"},
        {"Urgency": "high"},
    )


def test_what_belongs_together_has_one_name_on_all_devices() -> None:
    found = sent(thread="product_management.product:1")
    assert found["android"]["notification"] == {"tag": "product_management.product:1"}
    assert found["apns"]["payload"] == {"aps": {"thread-id": "product_management.product:1"}}


def test_what_belongs_to_nothing_has_none() -> None:
    found = sent(thread="")
    assert "notification" not in found["android"]
    assert "payload" not in found["apns"]


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(timedelta(hours=1), 3_600), (timedelta(days=90), 2_419_200), (timedelta(hours=-1), 0)],
)
def test_what_is_of_use_for_a_while_is_kept_for_that_while(left: timedelta, seconds: int) -> None:
    until = timezone.now() + left
    found = sent(not_after=until)
    assert abs(int(found["android"]["ttl"].removesuffix("s")) - seconds) <= 2
    assert abs(int(found["webpush"]["headers"]["TTL"]) - seconds) <= 2
    assert found["apns"]["headers"]["apns-expiration"] == str(int(until.timestamp()))


def test_what_is_of_use_for_ever_is_kept_as_long_as_google_likes() -> None:
    found = sent(not_after=None)
    assert "ttl" not in found["android"]
    assert "TTL" not in found["webpush"]["headers"]
    assert "apns-expiration" not in found["apns"]["headers"]


def test_browsers_open_only_what_is_encrypted() -> None:
    assert sent(url="https://kites.example/1")["webpush"]["fcm_options"] == {
        "link": "https://kites.example/1"
    }
    assert "fcm_options" not in sent(url="http://kites.example/1")["webpush"]
    assert sent(url="http://kites.example/1")["data"]["url"] == "http://kites.example/1"
