"""What an answer says to operators, and for how long it asks us to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.channels.http import Answer, retry_after

NOW = datetime(2026, 11, 20, 19, 45, tzinfo=UTC)


def said(text: str) -> Answer:
    """Return an answer with this Retry-After."""
    return Answer(429, {"retry-after": text}, b"")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("86401", 86_400.0),
        ("9" * 1_000, 86_400.0),
        ("Fri, 20 Nov 2026 19:46:30 GMT", 90.0),
        ("Friday, 20-Nov-26 19:46:30 GMT", 90.0),
        ("Fri Nov 20 19:46:30 2026", 90.0),
        ("Fri, 20 Nov 2026 19:44:00 GMT", 0.0),
        ("Fri, 20 Nov 2099 19:44:00 GMT", 86_400.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("²", None),
        ("soon", None),
        ("120, 120", None),
        ("Fri, 99 Nov 2026 19:46:30 GMT", None),
        ("2026-11-20T19:46:30Z", None),
    ],
)
def test_who_asks_us_to_wait_is_understood(text: str, seconds: float | None) -> None:
    assert retry_after(said(text), NOW) == seconds


def test_who_asks_for_nothing_is_not_waited_for() -> None:
    assert retry_after(Answer(503, {}, b"")) is None


@given(st.text() | st.from_regex("[0-9]+") | st.datetimes().map("{:%a, %d %b %Y %H:%M:%S GMT}".format))
def test_no_wait_is_negative_or_longer_than_a_day(text: str) -> None:
    found = retry_after(said(text))
    assert found is None or 0 <= found <= 86_400


@pytest.mark.parametrize(
    ("status", "body", "summary"),
    [
        (200, b"", "200 OK"),
        (410, b"", "410 Gone"),
        (599, b"", "599"),
        (500, b"Oh\r\n\x00\x1b[31mno", "500 Internal Server Error: Oh [31mno"),
        (500, b"\xff\xfe", "500 Internal Server Error: \ufffd\ufffd"),
        (500, "kein Käse".encode(), "500 Internal Server Error: kein Käse"),
        (500, b"a\xe2\x80\xaeb", "500 Internal Server Error: a b"),
    ],
)
def test_an_answer_is_shown_in_one_printable_line(status: int, body: bytes, summary: str) -> None:
    assert Answer(status, {}, body).summary == summary


def test_a_long_answer_is_shown_in_part() -> None:
    assert Answer(500, {}, "ä".encode() * 10_000).summary == "500 Internal Server Error: " + "ä" * 500
