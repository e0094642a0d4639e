"""Addresses in mails lead to this site and run nothing; tokens say who may opt out of what, and cannot be made up."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.links import (
    absolute,
    harmless,
    host,
    preferences_url,
    read_unsubscribe_token,
    unsubscribe_token,
    unsubscribe_url,
)

SITE = "https://carillon.example"


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = SITE


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ""),
        ("/products/1/", f"{SITE}/products/1/"),
        ("products/1/", f"{SITE}/products/1/"),
        ("/products/1/?a=1&b=2#top", f"{SITE}/products/1/?a=1&b=2#top"),
        (f"{SITE}/products/1/", f"{SITE}/products/1/"),
        ("/kites/red one/", f"{SITE}/kites/red%20one/"),
        ("/käse/", f"{SITE}/k%C3%A4se/"),
        ("/k%C3%A4se/", f"{SITE}/k%C3%A4se/"),
        ('/"onclick=x/<b>', f"{SITE}/%22onclick=x/%3Cb%3E"),
        ("javascript:alert(1)", ""),
        (" javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("data:text/html,<script>", ""),
        ("vbscript:x", ""),
        ("file:///etc/passwd", ""),
        ("//evil.example/", ""),
        ("///evil.example/", ""),
        ("/\\evil.example/", ""),
        ("\\\\evil.example/", ""),
        ("https:///evil.example", ""),
        ("https://evil.example/", ""),
        ("https://carillon.example@evil.example/", ""),
        ("https://[", ""),
        ("\x00/products/", ""),
    ],
)
def test_an_address_leads_to_this_site_or_nowhere(url: str, expected: str) -> None:
    assert absolute(url) == expected


def test_it_may_lead_where_notifications_may_lead(settings: Settings) -> None:
    settings.ENGAGEMENT_ALLOWED_HOSTS = ["shop.example"]
    assert absolute("https://shop.example/kite/") == "https://shop.example/kite/"
    assert harmless("https://evil.example/kite/") == ""


@given(st.text(alphabet=st.sampled_from("/\\:.@#?%ahtpsjvcrie \t\n\x00ä"), max_size=30))
def test_no_text_leads_anywhere_else(url: str) -> None:
    found = absolute(url)
    assert found == "" or urlsplit(found.replace("\\", "/"))[:2] == ("https", "carillon.example")
    assert not set(found) & set(' \t\n\x00<>"')


@pytest.mark.parametrize("base", ["https://carillon.example:8443", "https://carillon.example:8443/"])
def test_a_port_is_kept(settings: Settings, base: str) -> None:
    settings.ENGAGEMENT_BASE_URL = base
    assert absolute("/x/") == "https://carillon.example:8443/x/"
    assert absolute("https://carillon.example:8443/x/") == "https://carillon.example:8443/x/"
    assert host() == "carillon.example"


def test_the_preferences_are_opened_at_the_category() -> None:
    assert preferences_url().startswith(f"{SITE}/")
    assert preferences_url("two words").endswith("#category-two-words")


def test_a_token_says_who_and_what_whatever_the_order() -> None:
    token = unsubscribe_token(7, ["product", "community", "product"])
    assert token == unsubscribe_token(7, ["community", "product"])
    assert read_unsubscribe_token(token) == ("7", ["community", "product"])
    assert unsubscribe_url(7, ["product"]).startswith(f"{SITE}/")


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ([f"category_{number:02}" for number in range(50)], 10),
        ([f"{number:02}{'x' * 48}" for number in range(50)], 5),
        ([f"{number:02}{'ы' * 48}" for number in range(50)], 2),
        ([f"{number:02}{'😀' * 48}" for number in range(50)], 1),
    ],
)
def test_a_link_is_short_however_many_categories_there_are(names: list[str], kept: int) -> None:
    url = unsubscribe_url(uuid4(), reversed(names))
    assert len(url) < 500
    read = read_unsubscribe_token(url.rstrip("/").rpartition("/")[2])
    assert read
    assert read[1] == names[:kept]


@given(
    st.one_of(st.integers(0), st.uuids()), st.sets(st.text("abc äöü-", min_size=1), min_size=1, max_size=4)
)
def test_every_token_can_be_read(key: object, categories: set[str]) -> None:
    token = unsubscribe_token(key, categories)
    assert read_unsubscribe_token(token) == (str(key), sorted(categories))
    assert token.isascii()
    assert not set(token) & set("/ \n=")


@given(st.text(max_size=60))
def test_no_text_is_a_token_that_we_have_not_made(text: str) -> None:
    assert read_unsubscribe_token(text) is None


def test_a_token_of_somebody_else_is_not_another_persons() -> None:
    mine, theirs = unsubscribe_token(7, ["product"]), unsubscribe_token(8, ["product"])
    forged = f"{theirs.rpartition('.')[0]}.{mine.rpartition('.')[2]}"
    assert read_unsubscribe_token(forged) is None
    assert read_unsubscribe_token(mine[:-1]) is None


def test_a_token_is_void_when_the_key_is_changed(settings: Settings) -> None:
    token = unsubscribe_token(7, ["product"])
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-" + "x" * 50
    assert read_unsubscribe_token(token) is None
    settings.SECRET_KEY_FALLBACKS = [former]
    assert read_unsubscribe_token(token) == ("7", ["product"])
