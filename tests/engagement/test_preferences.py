"""What a person has chosen, and how they change it."""

import threading
from collections.abc import Callable
from datetime import time

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.channels import Channel, channels
from engagement.choices import Scope
from engagement.decide import Choice, Digest, Preset
from engagement.models import NotificationPreference, NotificationRule, NotificationSettings
from engagement.notifier import Notifier
from engagement.preferences import (
    Line,
    choose,
    choose_all,
    choose_digest,
    sections,
    set_settings,
    settings_of,
)
from events.bus import event_bus
from events.testing import work_off
from tests.engagement.samples import outcomes_of
from tests.probe.events import Told, Unheard

pytestmark = pytest.mark.django_db

TOLD, TEST = Scope(event_type="test.told"), Scope(category="test")


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel of which no preset speaks."""

    class Push(Channel):
        name, label = "push", "Push"

        def configured(self) -> bool:
            return False

    monkeypatch.setitem(channels(), "push", Push())


def line(person: Person, scope: Scope) -> Line:
    return next(
        each for section in sections(person) for each in section.lines if each.scope.anchor == scope.anchor
    )


def stored(person: Person) -> list[tuple[str, str, str, dict[str, bool]]]:
    rows = NotificationPreference.objects.filter(person=person).order_by("event_type", "category")
    return list(rows.values_list("event_type", "category", "type", "channels"))


# What there is to choose


def test_everything_is_listed_by_category(alice: Person) -> None:
    found = {section.line.scope.category: section for section in sections(alice)}
    assert [str(each.label) for each in found["product"].lines] == [
        "Product",
        "Product created",
        "Product updated",
    ]


def test_a_category_that_only_a_second_notifier_has_is_listed_too(
    alice: Person, declare: Callable[..., Notifier[Unheard]]
) -> None:
    declare(list, "First", category="test")
    declare(list, "Second", category="winds")
    assert line(alice, Scope(category="winds")).otherwise == "Inbox and Email, the default"


def test_anchors_have_no_spaces() -> None:
    assert Scope(event_type="test.told").anchor == "type-test.told"
    assert Scope(category="big  kites").anchor == "category-big-kites"


def test_a_line_says_what_was_chosen_and_what_would_apply_without(alice: Person) -> None:
    choose(alice, TEST, Preset.NONE)
    choose(alice, TOLD, Preset.APPS)
    found = line(alice, TOLD)
    assert (found.chosen, found.otherwise) == (
        Choice(Preset.APPS),
        "nowhere, as you chose for the category",
    )
    # Types of the category differ in their defaults.
    assert line(alice, TEST).otherwise == "it depends on the event and on why it concerns you"


def test_what_others_chose_is_not_shown(alice: Person, bob: Person) -> None:
    choose(bob, TEST, Preset.NONE)
    assert line(alice, TEST).chosen == Choice()


def test_it_is_four_queries_however_much_there_is(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for scope in (TOLD, TEST, Scope(category="product")):
        choose(alice, scope, Preset.NONE)
    NotificationRule.objects.create(category="test", mandatory=["app"])
    with django_assert_num_queries(4):
        sections(alice)


# Choosing


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("scope", [TOLD, TEST])
def test_a_choice_is_saved_changed_and_taken_back(alice: Person, scope: Scope, preset: Preset) -> None:
    choose(alice, scope, Preset.BOTH)
    for _again in range(2):
        choose(alice, scope, preset)
        assert stored(alice) == [(scope.event_type, scope.category, preset, {})]
    for _again in range(2):
        choose(alice, scope)
        assert stored(alice) == []


def test_a_choice_is_followed(alice: Person) -> None:
    choose(alice, TEST, Preset.NONE)
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert outcomes_of(alice)["app"] == "skipped: choice for this category"


def test_a_choice_changes_nobody_elses(alice: Person, bob: Person) -> None:
    choose(bob, TEST, Preset.NONE)
    choose(alice, TEST, Preset.APPS)
    choose(alice, TEST)
    assert stored(bob) == [("", "test", "none", {})]


def test_further_channels_are_chosen_one_by_one(alice: Person, push: None) -> None:
    choose(alice, TOLD, channels={"push": True})
    assert stored(alice) == [("test.told", "", "", {"push": True})]
    assert line(alice, TOLD).chosen.says("push") is True
    choose(alice, TOLD, Preset.NONE, {"push": False})
    assert stored(alice) == [("test.told", "", "none", {"push": False})]


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope("test.unheard"),
        Scope("no.such"),
        Scope(category="nosuch"),
        Scope(category="x" * 500),
        Scope("test.told", "test"),
    ],
)
def test_there_is_no_choice_for_what_nobody_is_told_of(alice: Person, scope: Scope) -> None:
    with pytest.raises(ValidationError, match="nothing to choose"):
        choose(alice, scope, Preset.NONE)
    assert stored(alice) == []


@pytest.mark.parametrize("wish", [{"pigeon": True}, {"app": False}, {"push": "yes"}])
def test_there_is_no_choice_of_channels_that_there_are_not(
    alice: Person, push: None, wish: dict[str, bool]
) -> None:
    with pytest.raises(ValidationError, match="Give true or false for each of: push, sms, webhook"):
        choose(alice, TOLD, None, wish)


def test_of_several_choices_all_are_saved_or_none(alice: Person) -> None:
    with pytest.raises(ValidationError):
        choose_all(alice, {TOLD: Choice(Preset.NONE), Scope("no.such"): Choice(Preset.NONE)})
    assert stored(alice) == []
    choose_all(alice, {TOLD: Choice(Preset.NONE), TEST: Choice(Preset.APPS)})
    choose_all(alice, {TOLD: Choice(), TEST: Choice(Preset.BOTH)})
    assert stored(alice) == [("", "test", "both", {})]


# Whether mails are collected


def digests(person: Person) -> dict[str, str]:
    rows = NotificationPreference.objects.filter(person=person)
    return {row.event_type or row.category: row.digest for row in rows}


@pytest.mark.parametrize("digest", Digest)
def test_a_digest_is_chosen_changed_and_taken_back(alice: Person, digest: Digest) -> None:
    assert line(alice, TEST).digest is None
    choose_digest(alice, "test", Digest.HOURLY)
    for _again in range(2):
        choose_digest(alice, "test", digest)
        assert (stored(alice), digests(alice)) == ([("", "test", "", {})], {"test": digest})
        assert line(alice, TEST).digest is digest
    for _again in range(2):
        choose_digest(alice, "test", None)
        assert stored(alice) == []


def test_a_choice_of_channels_and_one_of_digests_do_not_touch_each_other(alice: Person) -> None:
    choose(alice, TEST, Preset.BOTH)
    choose_digest(alice, "test", Digest.DAILY)
    choose(alice, TEST, Preset.APPS)
    assert (stored(alice), digests(alice)) == ([("", "test", "apps", {})], {"test": "daily"})
    choose(alice, TEST)
    assert (stored(alice), digests(alice)) == ([("", "test", "", {})], {"test": "daily"})
    choose(alice, TEST, Preset.NONE)
    choose_digest(alice, "test", None)
    assert (stored(alice), digests(alice)) == ([("", "test", "none", {})], {"test": ""})
    choose_all(alice, {TEST: Choice(Preset.BOTH)}, {TEST: Digest.HOURLY})
    choose_all(alice, {TEST: Choice()}, {TEST: None})
    assert stored(alice) == []


def test_a_digest_alone_says_nothing_of_channels(alice: Person) -> None:
    before = line(alice, TOLD).otherwise
    choose_digest(alice, "test", Digest.DAILY)
    assert (line(alice, TEST).chosen, line(alice, TOLD).otherwise) == (Choice(), before)
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert outcomes_of(alice)["app"] == "created: default"


@pytest.mark.parametrize(
    ("scope", "digest", "complaint"),
    [
        (Scope(category="nosuch"), Digest.DAILY, "nothing to choose"),
        (TOLD, Digest.DAILY, "Mails are never collected for Told"),
        (TEST, "weekly", "Choose one of never, hourly, daily"),
    ],
)
def test_a_digest_that_there_is_not_is_refused(
    alice: Person, scope: Scope, digest: Digest, complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        choose_all(alice, {TEST: Choice(Preset.NONE)}, {scope: digest})
    assert stored(alice) == []


def test_where_mails_are_mandatory_there_is_no_digest_but_one_of_before_may_stay(alice: Person) -> None:
    choose_digest(alice, "test", Digest.DAILY)
    NotificationRule.objects.create(category="test", mandatory=["email"])
    assert line(alice, TEST).digest_otherwise == ""
    choose_digest(alice, "test", Digest.DAILY)
    with pytest.raises(ValidationError, match="Mails are never collected for Test"):
        choose_digest(alice, "test", Digest.HOURLY)
    choose_digest(alice, "test", None)
    assert stored(alice) == []


def test_a_line_says_whether_mails_are_collected_without_a_choice(alice: Person) -> None:
    assert line(alice, TEST).digest_otherwise == "At once, the default"
    NotificationRule.objects.create(category="test", digest="hourly")
    assert line(alice, TEST).digest_otherwise == "Hourly digest, as your administrators have set it"
    assert line(alice, TOLD).digest_otherwise == ""


# What is mandatory


@pytest.mark.parametrize("preset", [Preset.NONE, Preset.EMAIL])
def test_what_is_mandatory_cannot_be_switched_off(alice: Person, preset: Preset) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    with pytest.raises(ValidationError, match="Inbox is always on: your administrators require it"):
        choose(alice, TOLD, preset)
    choose(alice, TOLD, Preset.APPS)
    assert stored(alice) == [("test.told", "", "apps", {})]


def test_a_further_channel_that_is_mandatory_cannot_be_switched_off(alice: Person, push: None) -> None:
    NotificationRule.objects.create(category="test", mandatory=["push"])
    with pytest.raises(ValidationError, match="Push is always on"):
        choose(alice, TOLD, channels={"push": False})


def test_a_choice_of_before_it_was_mandatory_may_stay_and_changes_nothing(alice: Person) -> None:
    choose(alice, TOLD, Preset.NONE)
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    choose(alice, TOLD, Preset.NONE)
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert outcomes_of(alice)["app"] == "created: mandatory"


def test_a_category_can_be_switched_off_though_one_of_its_types_is_mandatory(alice: Person) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    assert line(alice, TEST).notes == ["Inbox is always on for Told."]
    choose(alice, TEST, Preset.NONE)
    assert stored(alice) == [("", "test", "none", {})]


# At the same time


@pytest.mark.django_db(transaction=True)
def test_saves_at_the_same_time_do_not_fail(alice: Person) -> None:
    wishes = [{TOLD: Choice(Preset.APPS), TEST: Choice()}, {TEST: Choice(Preset.NONE), TOLD: Choice()}]
    failures: list[Exception] = []

    def save(number: int) -> None:
        try:
            for turn in range(20):
                choose_all(alice, wishes[(number + turn) % 2])
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stored(alice) in ([("test.told", "", "apps", {})], [("", "test", "none", {})])


# Settings


def test_settings_are_empty_until_they_are_set(alice: Person) -> None:
    found = settings_of(alice)
    assert (found.language, found.time_zone, found.quiet_from, found.quiet_until) == ("", "", None, None)
    assert not NotificationSettings.objects.exists()


def test_settings_are_set_one_by_one_and_again(alice: Person) -> None:
    for _again in range(2):
        set_settings(alice, language="de")
        set_settings(alice, quiet_from=time(22), quiet_until=time(7))
    found = settings_of(alice)
    assert (found.language, found.quiet_from, found.quiet_until) == ("de", time(22), time(7))


@pytest.mark.parametrize("hour", [0, 8, 23])
def test_every_hour_of_the_day_can_be_that_of_the_digest(alice: Person, hour: int) -> None:
    set_settings(alice, digest_hour=hour)
    set_settings(alice, language="de")
    assert settings_of(alice).digest_hour == hour
    set_settings(alice, digest_hour=None)
    assert settings_of(alice).digest_hour is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"digest_hour": 24}, "digest_hour"),
        ({"digest_hour": "late"}, "digest_hour"),
        ({"language": "tlh"}, "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"quiet_from": time(22)}, "__all__"),
        ({"quiet_from": time(7), "quiet_until": time(7)}, "quiet_until"),
    ],
)
def test_settings_that_are_wrong_are_refused_by_field(
    alice: Person, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        set_settings(alice, **wrong)
    assert list(caught.value.message_dict) == [field]
    assert not NotificationSettings.objects.exists()


def test_a_preset_that_there_is_not_is_refused(alice: Person) -> None:
    with pytest.raises(ValidationError, match="apps, email, both, none"):
        choose(alice, Scope(category="test"), "junk")  # type: ignore[arg-type]  # on purpose
