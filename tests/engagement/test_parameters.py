"""What a wording may use, in words."""

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django.utils import translation
from pydantic import Field

from engagement.parameters import parameters_of, type_in_words
from engagement.registry import NotifierRegistry, notifiers, permitted_params
from events.bus import EventType, Payload


class Colour(enum.Enum):
    """Of a kite."""

    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str, "text"),
        (bool, "yes or no"),
        (int, "whole number"),
        (float, "number"),
        (Decimal, "number"),
        (datetime, "date and time"),
        (date, "date"),
        (time, "time of day"),
        (timedelta, "length of time"),
        (UUID, "id"),
        (int | None, "whole number or nothing"),
        (float | Decimal, "number"),
        (list[str], "list (text)"),
        (tuple[int, ...], "list (whole number)"),
        (Sequence[int], "list (whole number)"),
        (dict[str, int], "table (text, whole number)"),
        (Mapping[str, Any], "table (text, anything)"),
        (list, "list"),
        (list[str] | None, "list (text) or nothing"),
        (Annotated[str, Field(max_length=3)], "text"),
        (list[Annotated[int, Field(gt=0)]], "list (whole number)"),
        (Literal["a", "b", 3], "one of a, b, 3"),
        (Colour, "one of red, blue"),
        (Payload, "Payload"),
        (Any, "anything"),
    ],
)
def test_types_have_names_that_people_know(annotation: Any, words: str) -> None:
    assert type_in_words(annotation) == words


def names(slug: str) -> list[str]:
    return [each.name for each in parameters_of(slug)]


def test_a_slug_has_the_fields_of_its_payload_and_the_common_ones() -> None:
    assert names("product.created.creator") == [
        *("product_id", "name", "person_id", "person_name", "organisation_id"),
        *("person", "reason", "url", "site"),
    ]


def test_they_are_those_that_a_wording_is_checked_against() -> None:
    for slug in [*(notifier.wording_slug() for notifier in notifiers), "test.whispered", "test.unheard"]:
        assert set(names(slug)) == permitted_params(slug)


def test_an_unknown_slug_has_the_common_ones() -> None:
    assert names("nobody.said_that") == ["person", "reason", "url", "site"]


def test_a_sensitive_one_is_marked() -> None:
    assert [each.name for each in parameters_of("test.whispered") if each.sensitive] == ["code"]


def test_a_field_says_what_it_means_and_may_take_the_place_of_a_common_one(
    monkeypatch: pytest.MonkeyPatch, own_notifiers: NotifierRegistry
) -> None:
    class Described(Payload):
        reason: str = Field("", description="Why it was sold.")
        url: str = ""

    monkeypatch.setattr("events.registry.EventTypes._by_name", {"kite.sold": kite_sold(Described)})
    found = {each.name: each for each in parameters_of("kite.sold")}
    assert found["reason"].description == "Why it was sold."
    assert "where the notification leads" in str(found["url"].description)
    assert list(found) == ["reason", "person", "url", "site"]


def kite_sold(payload: type[Payload]) -> Any:
    """Return an event type that nobody has registered."""
    made = EventType("kite.sold")
    made.payload, made.sensitive, made.display_name = payload, frozenset(), "Kite sold"
    return made


def test_the_common_ones_are_explained() -> None:
    with translation.override("en"):
        assert all(each.description for each in parameters_of("nobody.said_that"))
