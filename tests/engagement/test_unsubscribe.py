"""Opting out of the mails of a category, which changes nothing else."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection
from hypothesis import given
from hypothesis import strategies as st

from capabilities.people.models import Person
from engagement.catalogue import Telling, Topic
from engagement.choices import NOTHING, Chosen, Scope, chosen_by
from engagement.decide import Choice, Digest, Medium, Policy, Preset, Rule, Status, Traits, decide
from engagement.models import NotificationPreference, NotificationRule
from engagement.notifier import Notifier
from engagement.preferences import choose, choose_digest
from engagement.unsubscribe import subscriptions, unsubscribe, without_mails
from events.bus import EventTypes, event_bus
from events.testing import work_off
from tests.engagement.samples import outcomes_of
from tests.probe.events import Told, Unheard

TOLD, MET, TEST = Scope(event_type="test.told"), Scope(event_type="test.met"), Scope(category="test")
Declare = Callable[..., Notifier[Unheard]]


def stored(person: Person) -> dict[str, str]:
    rows = NotificationPreference.objects.filter(person=person)
    return {row.event_type or row.category: row.type for row in rows}


# What becomes of a choice


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after"), [("both", "apps"), ("email", "none"), ("apps", "apps"), ("none", "none")]
)
@pytest.mark.parametrize("scope", [TEST, TOLD])
def test_a_choice_loses_its_mails_and_nothing_else(
    alice: Person, scope: Scope, before: str, after: str
) -> None:
    choose(alice, TEST, Preset.APPS)
    choose(alice, scope, Preset(before))
    for _again in range(2):
        assert unsubscribe(alice, ["test"]) == ["test"]
        assert stored(alice) == {"test": "apps"} | {scope.event_type or scope.category: after}


@pytest.mark.django_db
def test_who_has_chosen_nothing_keeps_the_inbox(alice: Person) -> None:
    unsubscribe(alice, ["test"])
    assert stored(alice) == {"test": "apps"}
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert outcomes_of(alice) == {
        "app": "created: choice for this category",
        "email": "skipped: choice for this category",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("channels", [[], ["email"]])
def test_an_inbox_that_is_off_by_rule_is_not_switched_on(alice: Person, channels: list[str]) -> None:
    NotificationRule.objects.create(category="test", channels=channels)
    unsubscribe(alice, ["test"])
    assert stored(alice) == {"test": "none"}


@pytest.mark.django_db
def test_an_inbox_that_is_off_for_one_kind_of_event_stays_off_for_that(alice: Person) -> None:
    NotificationRule.objects.create(event_type="test.told", channels=["email"])
    unsubscribe(alice, ["test"])
    assert stored(alice) == {"test": "apps", "test.told": "none"}


@pytest.mark.django_db
def test_an_inbox_that_is_switched_off_for_everybody_at_present_is_not_off_for_ever(alice: Person) -> None:
    NotificationRule.objects.create(category="test", is_active=False)
    unsubscribe(alice, ["test"])
    assert stored(alice) == {"test": "apps"}


@pytest.mark.django_db
def test_a_digest_and_the_choices_of_others_stay(alice: Person, bob: Person) -> None:
    choose_digest(alice, "test", Digest.DAILY)
    choose(alice, Scope(category="product"), Preset.BOTH)
    choose(bob, TEST, Preset.BOTH)
    unsubscribe(alice, ["test"])
    assert stored(alice) == {"test": "apps", "product": "both"}
    assert stored(bob) == {"test": "both"}
    assert chosen_by(alice).digests == {"test": Digest.DAILY}


@pytest.mark.django_db
def test_several_categories_are_switched_off_and_those_that_are_no_more_are_left_out(alice: Person) -> None:
    assert unsubscribe(alice, ["test", "nosuch", "", "x" * 999, "product", "test"]) == ["product", "test"]
    assert stored(alice) == {"test": "apps", "product": "apps"}
    assert unsubscribe(alice, []) == []


@pytest.mark.django_db
def test_who_may_not_log_in_any_more_can_opt_out_all_the_same(alice: Person) -> None:
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    assert unsubscribe(alice, ["test"]) == ["test"]
    assert stored(alice) == {"test": "apps"}


# What is mandatory


@pytest.mark.django_db
def test_a_category_whose_mails_are_mandatory_stays_as_it_is_and_says_why(alice: Person) -> None:
    NotificationRule.objects.create(category="test", mandatory=["email"])
    choose(alice, MET, Preset.BOTH)
    assert unsubscribe(alice, ["test", "product"]) == ["product"]
    assert stored(alice) == {"product": "apps", "test.met": "both"}
    product, test = subscriptions(["test", "product"])
    assert (product.label, product.required, product.note) == ("Product", "", "")
    assert test.required == "Email is always on: your administrators require it for this category."


@pytest.mark.django_db
def test_what_is_mandatory_in_part_is_sent_all_the_same_and_is_named(alice: Person) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["email"])
    unsubscribe(alice, ["test"])
    (found,) = subscriptions(["test"])
    assert (found.required, found.note) == ("", "Email is always on for Told.")
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    # It would be sent, were the channel set up.
    assert outcomes_of(alice)["email"] != "skipped: choice for this category"


@pytest.mark.django_db
def test_a_type_that_another_category_tells_of_as_well_keeps_its_inbox(
    alice: Person, declare: Declare
) -> None:
    declare(list, "First", category="kites", channels=("email",))
    declare(list, "Second", category="winds", channels=("app", "email"))
    unsubscribe(alice, ["kites"])
    assert stored(alice) == {"kites": "none"}
    unsubscribe(alice, ["winds"])
    assert stored(alice) == {"kites": "none", "winds": "apps"}


# At the same time


@pytest.mark.django_db(transaction=True)
def test_at_the_same_time_it_does_no_harm(alice: Person) -> None:
    choose(alice, TEST, Preset.EMAIL)
    failures: list[Exception] = []

    def opt_out() -> None:
        try:
            for _turn in range(5):
                unsubscribe(alice, ["test", "product"])
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=opt_out) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stored(alice) == {"test": "none", "product": "apps"}


# Whatever was chosen and laid down

TYPES = ["test.told", "test.met", "test.unheard"]
CHANNELS = st.frozensets(st.sampled_from(["app", "email"]))
RULES = st.builds(Rule, channels=st.none() | CHANNELS, mandatory=CHANNELS)
CHOICES = st.builds(Choice, st.none() | st.sampled_from(Preset))
CHOSEN = st.builds(
    Chosen,
    st.dictionaries(
        st.sampled_from([*(Scope(each) for each in TYPES), Scope(category="a"), Scope(category="b")]), CHOICES
    ),
    st.just({}),
)


@st.composite
def catalogues(draw: st.DrawFn) -> list[Topic]:
    """Return a few event types, told in one or two categories."""
    of_category = {name: draw(RULES) for name in "ab"}
    found = []
    for name in TYPES:
        of_type, tellings = draw(RULES), []
        for category in draw(st.lists(st.sampled_from("ab"), min_size=1, max_size=2)):
            policy = Policy(draw(CHANNELS), type_rule=of_type, category_rule=of_category[category])
            tellings.append(Telling(EventTypes[name], category, "", policy))
        found.append(Topic(EventTypes[name], tuple(tellings)))
    return found


def comes(channel: str, telling: Telling, chosen: Chosen) -> bool:
    traits = Traits(
        type_choice=chosen.of(Scope(str(telling.event_type))),
        category_choice=chosen.of(Scope(category=telling.category)),
    )
    return decide(Medium(channel), traits, telling.policy).status != Status.SKIPPED


@given(catalogues(), CHOSEN)
def test_afterwards_no_mail_comes_that_is_not_mandatory_and_the_inbox_is_as_it_was(
    every: list[Topic], chosen: Chosen
) -> None:
    changes = without_mails("a", every, chosen)
    after = replace(chosen, channels=chosen.channels | changes)  # type: ignore[operator]  # it is a dict
    assert without_mails("a", every, after) == {}
    for topic in every:
        inbox = {comes("app", each, chosen) for each in topic.tellings}
        for telling in topic.tellings:
            before, now = comes("app", telling, chosen), comes("app", telling, after)
            if telling.category != "a":
                assert now == before
                assert comes("email", telling, after) <= comes("email", telling, chosen)
                continue
            assert comes("email", telling, after) == telling.policy.requires("email")
            assert now >= before
            if len(inbox) == 1 and len({each.category for each in topic.tellings}) == 1:
                assert now == before


def test_further_channels_stay_as_they_were() -> None:
    telling = Telling(EventTypes["test.told"], "test", "", Policy())
    pushed = Choice(None, (("push", False),))
    changes: Any = without_mails(
        "test", [Topic(telling.event_type, (telling,))], Chosen({TEST: pushed, TOLD: pushed}, {})
    )
    assert changes == {TEST: replace(pushed, preset=Preset.APPS)}
    assert Chosen({}, {}).of(TEST) == NOTHING
