"""Wording + values -> what a person reads, whatever the values are."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engagement.models import AppNotificationTemplate
from engagement.models.app import MESSAGE_LENGTH, TITLE_LENGTH
from engagement.render import Renderer, Text, shorten

pytestmark = pytest.mark.django_db

FALLBACK = Text("Told", "", is_fallback=True)
VALUES = {
    "people": [1],
    "name": "Kite",
    "url": "/x/",
    "reason": "because",
    "site": "Carillon",
    "person": "Alice",
}


def renderer(slug: str = "test.told") -> Renderer:
    return Renderer(slug, "app", "en", FALLBACK)


def edit(title: str, message: str = "") -> None:
    """Write over the file's wording of test.told."""
    AppNotificationTemplate.objects.create(
        event_type="test.told", title_template=title, message_template=message
    )


def test_the_wording_is_filled_in() -> None:
    assert renderer().render(VALUES) == Text("Kite was told", "See /x/ at Carillon, because because.")


def test_without_a_wording_it_is_the_fallback(caplog: pytest.LogCaptureFixture) -> None:
    found = renderer("nobody.said_that")
    assert found.render(VALUES) == FALLBACK
    assert not found.names
    assert "notifications/nobody.said_that.toml" in caplog.text


def test_a_missing_value_gives_the_fallback_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    edit("{{ name }}", "{% if people %}{{ url }}{% endif %}")
    assert renderer().render({"url": "/x/"}) == FALLBACK
    assert "name, people is missing" in caplog.text


class Unshowable:
    """A value that fails when it is rendered."""

    def __str__(self) -> str:
        raise RuntimeError("my-one-time-code")


def test_a_value_that_cannot_be_shown_gives_the_fallback(caplog: pytest.LogCaptureFixture) -> None:
    assert renderer().render(VALUES | {"name": Unshowable()}) == FALLBACK
    assert "RuntimeError" in caplog.text


def test_the_log_does_not_tell_the_values(caplog: pytest.LogCaptureFixture) -> None:
    renderer().render(VALUES | {"name": Unshowable()})
    assert "my-one-time-code" not in caplog.text


@pytest.mark.parametrize(
    ("title", "message", "personal"),
    [
        ("{{ name }}", "{{ url }}", False),
        ("{{ person }}", "", True),
        ("{{ name }}", "{% if person == 'Alice' %}x{% endif %}", True),
        ("{{ name }}", "{{ url|default:person }}", True),
        ("person", "", False),
    ],
)
def test_a_text_is_personal_if_it_uses_the_person(title: str, message: str, personal: bool) -> None:
    edit(title, message)
    assert ("person" in renderer().names) is personal


def test_titles_are_one_line_and_messages_keep_theirs() -> None:
    edit("{{ name }}\n{{ url }}", "\n first\n\nsecond {{ name }}\n")
    found = renderer().render(VALUES | {"name": " a\tb "})
    assert found.title == "a b /x/"
    assert found.message == "first\n\nsecond  a\tb"


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_an_empty_title_gives_the_fallback(name: str) -> None:
    edit("{{ name }}", "Something happened.")
    assert renderer().render(VALUES | {"name": name}).title == "Told"


ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=3)


@pytest.fixture
def every_use() -> None:
    edit(
        "{{ name }}{% if people %}{{ url|truncatewords:3 }}{% endif %}",
        "{{ name|date }}{{ people|join:', ' }}",
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=ANY, people=ANY, url=ANY)
def test_any_values_give_a_text_that_fits(every_use: None, name: Any, people: Any, url: Any) -> None:
    text = renderer().render({"name": name, "people": people, "url": url})
    assert isinstance(text.title, str)
    assert "\n" not in text.title
    assert len(text.message) <= MESSAGE_LENGTH


@pytest.mark.parametrize("length", [TITLE_LENGTH, MESSAGE_LENGTH])
@pytest.mark.parametrize("more", [-1, 0, 1, 1_000_000])
def test_a_text_is_shortened_only_if_it_must_be(length: int, more: int) -> None:
    text = "x" * (length + more)
    short = shorten(text, length)
    assert len(short) == min(len(text), length)
    assert short == text if more <= 0 else short.endswith("x…")


@example(text="a" * 400 + "\u0316")
@given(text=st.text(st.sampled_from("a\u0316\u0344\u0301é"), min_size=401, max_size=900))
def test_a_shortened_text_fits_whatever_it_is_made_of(text: str) -> None:
    assert len(shorten(text, TITLE_LENGTH)) <= TITLE_LENGTH


def test_of_a_long_value_only_the_beginning_is_worked_on() -> None:
    edit("{{ name|upper }}", "{{ name|lower }}{{ name|upper }}")
    found = renderer().render(VALUES | {"name": "x" * 10**6})
    assert (len(found.title), len(found.message)) == (TITLE_LENGTH, MESSAGE_LENGTH)
    assert found.message.endswith("…")


def test_a_failure_names_the_text_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    edit("A good title", "{{ name }}{{ person }}")
    assert renderer().render(VALUES | {"person": Unshowable()}) == FALLBACK
    assert "{{ name }}{{ person }}" in caplog.text
    assert "A good title" not in caplog.text
