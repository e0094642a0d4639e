"""What a device is sent is short enough, whatever the message, and is cut only between characters."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.push.payload import LIMIT, Payload, payload_of, thread_of, within
from tests.engagement.push.devices import outgoing

#: Any code points at all, halves of characters among them; and those that belong to others.
ANY = st.text(st.characters(), max_size=6_000)
JOINED = st.text("a\u0301👩\u200d👧🏽क\u094dष नि\ufe0f", max_size=6_000)
TEXTS = ANY | JOINED | st.sampled_from(["x" * 5_000, "é" * 5_000, "🪁" * 5_000, "\ud83d" * 5_000])
ADDRESSES = st.sampled_from(
    ["", "https://kites.example/1", f"https://kites.example/{'é' * 900}", "javascript:x"]
)


def size(payload: Payload) -> int:
    """Return how many bytes it is as JSON, as the SDK writes it."""
    return len(json.dumps({"title": payload.title, "body": payload.body, "data": payload.data}))


@given(TEXTS, TEXTS, ADDRESSES, ADDRESSES, st.integers(200, 5_000))
def test_it_is_within_any_limit_and_valid(title: str, body: str, url: str, why: str, limit: int) -> None:
    message = outgoing(title=title, message=body, url=url, why_url=why)
    found = within(payload_of(message), size, limit)
    assert size(found) <= limit
    json.dumps([found.title, found.body, found.data], ensure_ascii=False).encode()
    assert found.data["message_id"] == message.message_id


@given(JOINED, st.integers(250, 2_000))
def test_it_is_cut_only_between_characters(body: str, limit: int) -> None:
    whole = payload_of(outgoing(message=body, url="", why_url=""))
    found = within(whole, size, limit)
    if found.body not in ("", whole.body):
        kept = found.body.removesuffix("…")
        assert whole.body.startswith(kept)
        rest = whole.body[len(kept) :].lstrip()
        assert not unicodedata.category(rest[0]).startswith("M") or rest != whole.body[len(kept) :]
        assert not kept.endswith("\u200d")


def test_all_of_it_is_told_if_there_is_room() -> None:
    message = outgoing(about="product_management.product:1")
    assert payload_of(message) == within(payload_of(message), size)
    assert payload_of(message) == Payload(
        "Kite was created",
        message.message,
        {
            "message_id": "msg_0f1e",
            "event_type": "product_management.product.created",
            "category": "product",
            "about": "product_management.product:1",
            "url": message.url,
            "why": message.why_url,
        },
    )


def test_what_has_no_value_is_not_there() -> None:
    data = payload_of(outgoing(url="", why_url="", about="")).data
    assert sorted(data) == ["category", "event_type", "message_id"]


def test_an_address_that_is_not_of_the_web_is_not_there() -> None:
    assert "url" not in payload_of(outgoing(url="javascript:alert(1)")).data


def test_the_title_is_one_line_and_nothing_is_invisible() -> None:
    found = payload_of(outgoing(title="Kite\r\nwas \x00created", message="One\u2028two\x07\n\nthree"))
    assert (found.title, found.body) == ("Kite was created", "One\ntwo\n\nthree")


def test_the_body_is_cut_before_anything_else() -> None:
    message = outgoing(title="T" * 400, message="word " * 1_000)
    found = within(payload_of(message), size)
    assert found.title == message.title
    assert found.body.startswith("word word ")
    assert found.body.endswith("…")
    assert found.data == payload_of(message).data
    assert LIMIT - 10 < size(found) <= LIMIT


def test_the_title_is_cut_before_anything_is_left_out() -> None:
    message = outgoing(title="T" * 400, message="word " * 1_000, url=f"https://kites.example/{'u' * 3_500}")
    found = within(payload_of(message), size)
    assert found.body == ""
    assert 80 <= len(found.title) < 400
    assert found.data["url"] == message.url


def test_an_address_that_leaves_no_room_for_a_title_is_left_out_and_the_text_is_back() -> None:
    message = outgoing(url=f"https://kites.example/{'u' * 4_000}")
    found = within(payload_of(message), size)
    assert (found.title, found.body) == (message.title, message.message)
    assert sorted(found.data) == ["category", "event_type", "message_id", "why"]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("👩\u200d👧" * 300, "👩\u200d👧"),
        ("👍🏽" * 600, "👍🏽"),
        ("e\u0301" * 900, "e\u0301"),
        ("क्षि" * 300, "क्षि"),
    ],
    ids=["family", "tone", "accent", "conjunct"],
)
def test_what_is_one_character_to_people_is_kept_whole(text: str, start: str) -> None:
    for limit in range(1_000, 1_040):
        kept = within(payload_of(outgoing(message=text)), size, limit).body.removesuffix("…")
        assert kept == start * (len(kept) // len(start))


@pytest.mark.parametrize("thread", ["product_management.product:1", "", "é" * 32])
def test_a_short_thread_is_its_own_name(thread: str) -> None:
    assert thread_of(outgoing(thread=thread)) == thread


def test_a_long_thread_has_a_short_name_of_its_own() -> None:
    names = {thread_of(outgoing(thread=f"{'é' * 33}{number}")) for number in range(3)}
    assert len(names) == 3
    assert all(len(name) == 32 for name in names)
