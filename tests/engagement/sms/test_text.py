"""The text of a text message: nothing twice, the address at the end, and an end to all of it."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engagement.sms.segments import Encoding, count
from engagement.sms.text import LONGEST_URL, MOST_SEGMENTS, text_of

URL = "https://carillon.example/products/1/"
KITE = "🪁"
anything = st.text(
    st.one_of(st.sampled_from(f"a €\n\r…{KITE}न"), st.characters(categories=None)), max_size=2_000
)
urls = st.sampled_from(["", URL, "/products/1/", f"https://carillon.example/{'~' * 270}"])


@pytest.mark.parametrize(
    ("title", "message", "text"),
    [
        ("Kite was created", "Bob did.", "Kite was created\nBob did."),
        ("Kite was created", "", "Kite was created"),
        ("Your code is 123456", "Your code is 123456", "Your code is 123456"),
        ("Your code", "Your code is 123456.", "Your code is 123456."),
        ("Kite was created by Bob", "Kite was created", "Kite was created by Bob"),
        ("New", "Newport is flooded", "New\nNewport is flooded"),
        ("a.c", "abc", "a.c\nabc"),
        (" Kite ", "\n Bob \n", "Kite\nBob"),
    ],
)
def test_title_and_message_are_one_text_and_nothing_is_said_twice(
    title: str, message: str, text: str
) -> None:
    assert text_of(title, message) == text


@pytest.mark.parametrize(
    ("message", "url", "text"),
    [
        ("See it.", URL, f"Kite\nSee it.\n{URL}"),
        (f"See {URL}", URL, f"Kite\nSee {URL}"),
        (f"See {URL}.", URL, f"Kite\nSee {URL}."),
        (f"See {URL}edit/", URL, f"Kite\nSee {URL}edit/\n{URL}"),
        ("See it.", "", "Kite\nSee it."),
        ("See it.", "/products/1/", "Kite\nSee it."),
        ("See it.", f"https://carillon.example/{'x' * LONGEST_URL}", "Kite\nSee it."),
    ],
    ids=["last", "is there", "is there in a sentence", "another", "none", "of no site", "too long"],
)
def test_the_address_comes_last_unless_it_is_there(message: str, url: str, text: str) -> None:
    assert text_of("Kite", message, url) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\tb", "a b"),
        ("a\0b\x1bc\x07d\x7fe\x9bf", "abcdef"),
        ("a\ud83eb", "ab"),
        ("क्\u200dष 👩\u200d🚀", "क्\u200dष 👩\u200d🚀"),
    ],
    ids=["line ends", "tab", "control", "half a pair", "joiners"],
)
def test_control_characters_are_taken_out_but_newlines(text: str, plain: str) -> None:
    assert text_of(text, "") == plain


@pytest.mark.parametrize(("filler", "end"), [("a", "..."), ("€", "..."), ("न", "…"), (KITE, "…")])
def test_a_long_text_is_cut_with_an_ellipsis_of_its_own_alphabet(filler: str, end: str) -> None:
    found = text_of("Kite", filler * 4_000)
    assert found.endswith(f"{filler}{end}")
    assert count(found).segments == MOST_SEGMENTS
    assert count(found).encoding == count(f"{filler}").encoding
    assert count(found.removesuffix(end) + filler + end).segments == MOST_SEGMENTS + 1, "as long as may be"


def test_a_long_text_is_cut_before_its_address() -> None:
    found = text_of("Kite", "word " * 1_000, URL)
    assert found.endswith(f"word...\n{URL}")
    assert count(found).segments == MOST_SEGMENTS


def test_what_just_fits_is_not_cut() -> None:
    longest = "a" * 153 * MOST_SEGMENTS
    assert text_of(longest, "") == longest
    assert text_of(f"{longest}a", "") == f"{longest[:-3]}..."


def test_as_much_as_the_inbox_holds_is_cut_with_the_longest_address_in_every_alphabet() -> None:
    url = f"https://carillon.example/{'~' * (LONGEST_URL - 25)}"
    for title, message in product("a€न" + KITE, repeat=2):
        found = text_of(title * 400, message * 4_000, url)
        assert found.endswith(f"\n{url}")
        assert count(found).segments <= MOST_SEGMENTS


@given(anything, anything, urls)
@example("a", KITE * 4_000, URL)
@example(f"{KITE}\ud83e", "\ud83e", "")
def test_whatever_it_is_made_of_it_is_short_enough_and_can_be_sent(
    title: str, message: str, url: str
) -> None:
    found = text_of(title, message, url)
    assert count(found).segments <= MOST_SEGMENTS
    assert found.encode("utf-8").decode("utf-8") == found
    assert not any(each < " " for each in found if each != "\n")
    if count(found).encoding == Encoding.UCS2:
        assert found.encode("utf-16-le").decode("utf-16-le") == found
    if url == URL:
        assert URL in found
