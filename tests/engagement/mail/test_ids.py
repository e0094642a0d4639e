"""Identifiers are valid, whatever they are made from, and the same for the same."""

import pytest
from pytest_django import Settings

from engagement.mail.ids import domain, label, list_id, thread_id
from tests.engagement.messages import BASE_URL


@pytest.fixture(autouse=True)
def base_url(settings: Settings) -> None:
    """Give links a host."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL


def test_threads_that_differ_only_in_case_are_two() -> None:
    assert thread_id("Kite") != thread_id("kite")


def test_a_category_is_the_same_list_however_it_is_written() -> None:
    assert list_id("Product") == list_id("product") == "<product.carillon.example>"


@pytest.mark.parametrize("text", ["product", "a", "product_news", "product-2", "0" * 50])
def test_what_can_be_a_label_is_one(text: str) -> None:
    assert label(text) == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a.b", "a b", "ä", "a\n", "0" * 51, "a@b", "<a>", "a:1", "\ud800"]
)
def test_anything_else_is_a_fingerprint(text: str) -> None:
    assert len(label(text)) == 32
    assert label(text) == label(text)
    assert int(label(text), 16)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://carillon.example/site/", "carillon.example"),
        ("https://Münster.example", "xn--mnster-3ya.example"),
        ("http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "localhost"),
        ("", "localhost"),
        ("https://" + "x" * 64 + "ä.example", "localhost"),
    ],
)
def test_the_host_can_be_written_in_a_header(settings: Settings, url: str, name: str) -> None:
    settings.ENGAGEMENT_BASE_URL = url
    assert domain() == name
