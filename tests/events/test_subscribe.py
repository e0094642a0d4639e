"""Subscriptions: a name belongs to one function and to one set of options."""

from collections.abc import Iterator
from typing import Any

import pytest

from events.bus import AlreadyRegistered, InvalidEventType, Payload, handlers, subscribe
from events.subscribe import Handler


def fly(event: Payload) -> None:
    """Do nothing."""


def land(event: Payload) -> None:
    """Do nothing either."""


@pytest.fixture(autouse=True)
def unsubscribed() -> Iterator[None]:
    """Forget the subscriptions of a test."""
    yield
    handlers._by_name.pop("kite.fly", None)
    for subscribed in handlers._by_type.values():
        subscribed[:] = [handler for handler in subscribed if handler.name != "kite.fly"]


def subscribed(event: str = "test.unheard", function: Any = fly, **options: Any) -> Handler:
    """Subscribe under one name."""
    return subscribe(event, function, name="kite.fly", **options)


def test_a_handler_may_have_several_types_and_stays_one() -> None:
    first = subscribed(max_attempts=3)
    assert subscribed("test.pinged", max_attempts=3) is first
    assert subscribed("test.pinged", max_attempts=3) is first
    assert handlers.of("test.unheard") == [first]
    assert handlers.of("test.pinged").count(first) == 1


def test_a_name_belongs_to_one_function() -> None:
    subscribed()
    with pytest.raises(AlreadyRegistered, match=r"'kite.fly'.*test_subscribe\.fly .*test_subscribe\.land "):
        subscribed(function=land)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_attempts": 3}, "max_attempts=None.* and .*max_attempts=3"),
        ({"priority": 0}, "priority=None.* and .*priority=0"),
        ({"replay": False}, "replay=True.* and .*replay=False"),
        ({"notifies": True}, "notifies=False.* and .*notifies=True"),
    ],
)
def test_other_options_for_the_same_name_are_not_dropped_silently(options: dict[str, Any], text: str) -> None:
    subscribed()
    with pytest.raises(AlreadyRegistered, match=text):
        subscribed("test.pinged", **options)
    assert "kite.fly" not in [handler.name for handler in handlers.of("test.pinged")]


def test_a_name_that_no_column_could_hold_is_refused_at_once() -> None:
    with pytest.raises(InvalidEventType, match="has 201 characters; 200 are permitted"):
        subscribe("test.unheard", fly, name="k" * 201)
    assert not handlers.find("k" * 201)


def test_no_attempt_at_all_is_refused() -> None:
    with pytest.raises(InvalidEventType, match="max_attempts of fly must be 1 or more, not 0"):
        subscribed(max_attempts=0)
