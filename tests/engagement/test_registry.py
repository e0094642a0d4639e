"""Notifiers: what can be left out, what must not, and what is said about it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from capabilities.product_management.notifiers import ProductCreatedNotifier, ProductLiveNotifier
from engagement.notifier import Digest, Notifier
from engagement.registry import (
    COMMON_PARAMS,
    NotifierRegistry,
    category_choices,
    notifiers,
    permitted_params,
    slug_choices,
)
from events.bus import AlreadyRegistered, InvalidEventType, Payload, RetryLater, UnknownEventType
from tests.probe.events import Pinged, Told, Unheard
from tests.probe.notifiers import ToldEverybodyNotifier, ToldNotifier

Declare = Callable[..., Notifier[Unheard]]


@pytest.mark.usefixtures("own_notifiers")
def test_a_notifier_without_an_example_is_refused_with_its_place() -> None:
    with pytest.raises(
        InvalidEventType, match=r"tests\.engagement\.test_registry\..*Speechless\.example must be a Unheard"
    ):

        class Speechless(Notifier[Unheard]):
            event = Unheard

            def audience(self, event: Unheard) -> list[int]:
                return []


@pytest.mark.usefixtures("own_notifiers")
def test_an_example_of_another_event_is_refused() -> None:
    with pytest.raises(InvalidEventType, match=r"Mistaken\.example must be a Unheard"):

        class Mistaken(Notifier[Unheard]):
            event = Unheard
            example = Pinged()

            def audience(self, event: Unheard) -> list[int]:
                return []


@pytest.mark.usefixtures("own_notifiers")
def test_a_notifier_without_an_audience_is_refused_with_its_event_type() -> None:
    with pytest.raises(InvalidEventType, match=r"Lonely \(test\.unheard\) has no audience\(\)"):

        class Lonely(Notifier[Unheard]):
            event = Unheard
            example = Unheard()


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"digest": "daily"}, r"digest must be one of Digest\.NEVER, .*; it is the plain str 'daily'\.$"),
        ({"digest": None}, r"digest must be one of .*; it is None\.$"),
        ({"email_delay": 900}, r"email_delay must be a timedelta .*; it is the plain int 900\.$"),
        ({"email_delay": timedelta(minutes=-10)}, r" from nothing to a day; it is -10 minutes\.$"),
        ({"email_delay": timedelta(hours=-1)}, r"; it is -1 hours?\.$"),
        ({"email_delay": timedelta(days=2)}, r"email_delay .*; it is 48 hours\.$"),
        ({"email_delay": timedelta(days=1, seconds=1)}, r"; it is 86401 seconds\.$"),
        ({"email_delay": timedelta(milliseconds=-1)}, r"; it is -0\.001 seconds\.$"),
    ],
)
def test_a_notifier_that_does_not_say_properly_what_mails_wait_for_is_refused(
    own_notifiers: NotifierRegistry, declare: Declare, wrong: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(
        InvalidEventType, match=rf"^The notifier tests\.own\.notifiers\.Listener: .*{complaint}"
    ):
        declare(list, **wrong)
    assert "own.Listener" not in {each.name for each in own_notifiers}


def test_a_notifier_may_let_mails_wait_for_a_day(declare: Declare) -> None:
    notifier = declare(list, digest=Digest.HOURLY, email_delay=timedelta(days=1))
    assert (notifier.digest, notifier.email_delay) == (Digest.HOURLY, timedelta(days=1))


def test_a_refused_notifier_is_not_registered(own_notifiers: NotifierRegistry, declare: Declare) -> None:
    before = list(own_notifiers)
    with pytest.raises(InvalidEventType):
        declare(list, example=None)
    assert list(own_notifiers) == before


def test_two_notifiers_of_one_name_are_refused_with_both_places(own_notifiers: NotifierRegistry) -> None:
    def declare_it() -> None:
        class Twice(Notifier[Unheard]):
            event = Unheard
            example = Unheard()

            def audience(self, event: Unheard) -> list[int]:
                return []

    declare_it()
    with pytest.raises(AlreadyRegistered, match="declared twice") as refused:
        declare_it()
    assert "notifier 'test_registry." in str(refused.value)
    assert __file__ in str(refused.value)
    assert "tests.engagement.test_registry." in str(refused.value)
    assert len(own_notifiers.of("test.unheard")) == 1


@pytest.mark.usefixtures("own_notifiers")
def test_a_notifier_of_something_that_is_no_event_type_is_refused() -> None:
    class Nameless(Payload):
        pass

    with pytest.raises(UnknownEventType, match="Nameless"):

        class Nobody(Notifier[Nameless]):
            event = Nameless
            example = Nameless()

            def audience(self, event: Nameless) -> list[int]:
                return []


def test_a_base_class_without_an_event_is_no_notifier(own_notifiers: NotifierRegistry) -> None:
    before = list(own_notifiers)

    class Base(Notifier[Any]):
        notify_actor = True

    assert list(own_notifiers) == before


def test_a_subclass_of_a_notifier_is_a_notifier_too(own_notifiers: NotifierRegistry) -> None:
    class ToldMoreNotifier(ToldNotifier):
        slug = "test.told_more"

    assert [type(each).__name__ for each in own_notifiers.of("test.told")] == [
        "ToldNotifier",
        "ToldMoreNotifier",
    ]


def test_what_is_left_out_comes_from_the_event_type(declare: Declare) -> None:
    notifier = declare(list)
    assert notifier.wording_slug() == "test.unheard"
    assert notifier.effective_category() == "test"
    assert notifier.effective_retention() == timedelta(hours=72)
    assert notifier.channels == ("app", "email")
    assert notifier.notify_actor is False
    assert notifier.url(Unheard()) == ""
    assert notifier.name == "own.Listener"


def test_what_is_given_replaces_it(declare: Declare) -> None:
    notifier = declare(
        list,
        slug="test.own",
        category="marketing",
        retention=timedelta(days=3),
        url=lambda self, event: "/x/",
    )
    assert notifier.wording_slug() == "test.own"
    assert notifier.effective_category() == "marketing"
    assert notifier.effective_retention() == timedelta(days=3)
    assert notifier.url(Unheard()) == "/x/"


def test_a_notification_leads_to_the_payloads_url() -> None:
    assert notifiers["probe.ToldNotifier"].url(Told(people=[], url="/products/7/")) == "/products/7/"


def test_retention_can_be_set_for_all_and_by_category(declare: Declare, settings: Settings) -> None:
    settings.ENGAGEMENT_RETENTION = timedelta(hours=1)
    settings.ENGAGEMENT_CATEGORY_RETENTION = {"security": timedelta(days=30)}
    assert declare(list).effective_retention() == timedelta(hours=1)
    assert declare(list, "Guard", category="security").effective_retention() == timedelta(days=30)
    own = declare(list, "Brief", category="security", retention=timedelta(minutes=5))
    assert own.effective_retention() == timedelta(minutes=5)


def test_notifiers_of_a_type_are_asked_in_the_order_of_their_declaration(declare: Declare) -> None:
    names = ["Zoe", "Adam", "Mia"]
    for name in names:
        declare(list, name)
    assert [each.name for each in notifiers.of("test.unheard")] == [f"own.{name}" for name in names]
    created = [type(each) for each in notifiers.of("product.created")]
    assert created == [ProductLiveNotifier, ProductCreatedNotifier]


def test_a_notifier_is_found_by_its_name_and_by_its_slug() -> None:
    found = notifiers["product_management.ProductLiveNotifier"]
    assert isinstance(found, ProductLiveNotifier)
    assert notifiers.for_slug("product.created.creator") is found
    assert isinstance(notifiers.for_slug("test.told_everybody"), ToldEverybodyNotifier)
    assert notifiers.for_slug("nobody.said_that") is None


def test_a_notifier_that_is_not_known_yet_is_asked_for_again_later() -> None:
    with pytest.raises(RetryLater, match=r"'shop\.SoldNotifier' is not known") as raised:
        notifiers["shop.SoldNotifier"]
    assert raised.value.seconds == 60


def test_a_wording_may_use_the_payloads_fields_and_a_few_more() -> None:
    assert {"person", "reason", "url", "site"} == COMMON_PARAMS
    assert permitted_params("test.told") == COMMON_PARAMS | {"people", "name"}
    assert permitted_params("test.pinged") == COMMON_PARAMS | {"note", "seconds"}
    assert "person_name" in permitted_params("product.created.creator")
    assert permitted_params("nobody.said_that") == COMMON_PARAMS


# What there is to choose from


def test_every_slug_can_be_chosen_those_of_notifiers_and_those_of_event_types() -> None:
    found = dict(slug_choices())
    assert found["product.created.creator"] == "product.created.creator (Product created)"
    assert found["test.unheard"] == "test.unheard (Unheard)"
    assert list(found) == sorted(found)


def test_every_category_can_be_chosen(declare: Declare) -> None:
    declare(list, category="marketing")
    names = [name for name, _label in category_choices()]
    assert {"marketing", "product", "test"} <= set(names)
    assert names == sorted(names)
