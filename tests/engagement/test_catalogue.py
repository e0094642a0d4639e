"""What people can choose for."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from engagement.catalogue import Topic, topics
from engagement.models import NotificationRule, NotificationTemplate
from engagement.notifier import Notifier
from tests.probe.events import Unheard

pytestmark = pytest.mark.django_db


def topic(event_type: str) -> Topic | None:
    return next((each for each in topics() if each.event_type == event_type), None)


def listed(event_type: str) -> Topic:
    found = topic(event_type)
    assert found is not None
    return found


def test_every_event_type_with_a_notifier_is_listed_once_by_name() -> None:
    assert [str(each.event_type) for each in topics() if each.category == "product"] == [
        "product.created",
        "product.updated",
    ]


def test_all_ways_of_telling_it_are_known_in_the_order_in_which_they_are_asked() -> None:
    reasons = [str(each.reason) for each in listed("product.created").tellings]
    assert reasons == ["you created this product", "you manage this product or its organisation"]


def test_what_nobody_is_told_of_is_not_listed() -> None:
    assert topic("test.unheard") is None
    assert topic("task.enqueued") is None


def test_what_has_a_wording_for_notify_is_listed(write_wording: Callable[[str, str], Path]) -> None:
    write_wording("test.unheard", '[en.app]\ntitle = "Told by name"')
    found = listed("test.unheard").tellings
    assert [(each.category, each.policy.defaults) for each in found] == [("test", ("app",))]


def test_what_staff_wrote_a_wording_for_is_listed() -> None:
    made = NotificationTemplate.objects.create(event_type="test.unheard", title_template="Told by name")
    assert topic("test.unheard")
    NotificationTemplate.objects.filter(pk=made.pk).update(is_active=False)
    assert topic("test.unheard") is None


def test_a_wording_that_is_no_event_type_is_not_listed(write_wording: Callable[[str, str], Path]) -> None:
    write_wording("nothing.known", '[en.app]\ntitle = "?"')
    assert topic("nothing.known") is None


def test_it_is_listed_in_the_category_of_the_notifier_that_is_asked_first(
    declare: Callable[..., Notifier[Unheard]],
) -> None:
    declare(list, "First", category="kites")
    declare(list, "Second", category="winds")
    found = listed("test.unheard")
    assert found.category == "kites"
    assert [each.category for each in found.tellings] == ["kites", "winds"]


def test_rules_are_in_the_policies() -> None:
    NotificationRule.objects.create(event_type="product.created", mandatory=["app"])
    NotificationRule.objects.create(category="product", channels=["email"])
    policy = listed("product.created").tellings[0].policy
    assert policy.type_rule.mandatory == {"app"}
    assert policy.category_rule.channels == frozenset({"email"})


def test_it_is_two_queries_however_much_there_is(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2):
        topics()
