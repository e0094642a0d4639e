"""The page of a person's preferences."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.channels import Channel, channels
from engagement.choices import Scope
from engagement.links import unsubscribe_token
from engagement.models import (
    Endpoint,
    Mute,
    NotificationPreference,
    NotificationRule,
    Suppression,
)
from engagement.notifier import Notifier
from engagement.preferences import choose, set_settings
from engagement.registry import NotifierRegistry
from events.bus import event_bus
from events.testing import work_off
from tests.engagement.samples import outcomes_of
from tests.probe.events import Told, Unheard

pytestmark = pytest.mark.django_db

PAGE = "/inbox/preferences/"
CHOICES = f"{PAGE}choices/"


@pytest.fixture
def push(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel of which no preset speaks."""

    class Push(Channel):
        name, label = "push", "Push"

        def configured(self) -> bool:
            return True

    monkeypatch.setitem(channels(), "push", Push())


def text_of(answer: Any) -> str:
    """Return the page, as text without references."""
    assert isinstance(answer, HttpResponse)
    return html.unescape(answer.content.decode())


def save(page: Client, category: str = "test", **fields: str) -> Any:
    return page.post(CHOICES, {"category": category} | fields, follow=True)


def stored(person: Person) -> set[tuple[str, str, str]]:
    rows = NotificationPreference.objects.filter(person=person)
    return set(rows.values_list("event_type", "category", "type"))


def checked(text: str, name: str) -> list[str]:
    """Return the values of the radio buttons of this name that are on."""
    inputs = re.findall(rf'<input type="radio" name="{re.escape(name)}" value="(.*?)"([^>]*)>', text)
    return [value for value, rest in inputs if "checked" in rest]


def disabled(text: str, name: str) -> list[str]:
    inputs = re.findall(rf'<input type="radio" name="{re.escape(name)}" value="(.*?)"([^>]*)>', text)
    return [value for value, rest in inputs if "disabled" in rest]


def fieldset(text: str, anchor: str) -> str:
    found = re.search(rf'<fieldset [^>]*id="{re.escape(anchor)}".*?</fieldset>', text, re.DOTALL)
    assert found, anchor
    return found[0]


# The page


def test_every_category_and_event_type_has_its_place(page: Client) -> None:
    text = text_of(page.get(PAGE))
    for anchor in ("category-product", "type-product.created", "type-product.updated", "category-test"):
        assert f'id="{anchor}"' in text
    assert "type-test.unheard" not in text


def test_a_choice_says_what_applies_without_it(page: Client) -> None:
    text = text_of(page.get(PAGE))
    assert "As usual: Inbox and Email, the default." in fieldset(text, "type-product.created")


def test_it_says_which_channels_are_not_set_up(page: Client) -> None:
    assert "Not set up here at present, so that nothing is sent there: Email." in text_of(page.get(PAGE))


def test_the_event_types_are_folded_unless_one_has_a_choice_or_is_asked_for(
    page: Client, alice: Person
) -> None:
    assert "<details open" not in text_of(page.get(PAGE))
    assert text_of(page.get(PAGE, {"open": "product.created"})).count("<details open") == 1
    assert "<details open" not in text_of(page.get(PAGE, {"open": '"><script>'}))
    choose(alice, Scope(event_type="test.told"), "none")  # type: ignore[arg-type]  # as the form has it
    text = text_of(page.get(PAGE))
    assert text.count("<details open") == 1
    assert "1 with a choice of its own" in text


def test_without_anything_to_choose_it_says_so(
    page: Client, own_notifiers: NotifierRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engagement.catalogue._told", set)
    assert "There is nothing to choose for yet." in text_of(page.get(PAGE))


def test_the_number_of_queries_is_the_same_however_much_there_is(
    page: Client,
    alice: Person,
    declare: Callable[..., Notifier[Unheard]],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with CaptureQueriesContext(connection) as captured:
        page.get(PAGE)
    for number in range(5):
        Mute.objects.create(person=alice, about=f"kite:{number}")
        declare(list, f"Listener{number}", category=f"kites{number}")
        NotificationRule.objects.create(category=f"kites{number}", mandatory=["app"])
    NotificationPreference.objects.create(person=alice, category="test", type="none")
    NotificationPreference.objects.create(person=alice, event_type="test.told", type="none")
    with django_assert_num_queries(len(captured)):
        page.get(PAGE)
    # Session, person, settings for the time zone, wordings, rules, choices, endpoints, tally, suppression, badge.
    assert len(captured) == 10


# Choosing


@pytest.mark.parametrize("preset", ["apps", "email", "both", "none"])
def test_a_choice_is_saved_and_confirmed(page: Client, alice: Person, preset: str) -> None:
    answer = save(page, **{"category-test": preset, "type-test.told": "none"})
    assert answer.redirect_chain == [(f"{PAGE}#category-test", 302)]
    text = text_of(answer)
    assert '<ul class="messages" id="messages" role="status"><li' in text
    assert "Your choices for Test are saved." in text
    assert stored(alice) == {("", "test", preset), ("test.told", "", "none")}
    assert checked(text, "category-test") == [preset]


def test_as_usual_takes_a_choice_back(page: Client, alice: Person) -> None:
    save(page, **{"category-test": "none"})
    save(page, **{"category-test": ""})
    assert stored(alice) == set()


def test_twice_does_no_harm(page: Client, alice: Person) -> None:
    for _again in range(2):
        assert "are saved" in text_of(save(page, **{"category-test": "none"}))
    assert stored(alice) == {("", "test", "none")}


def test_what_is_not_sent_stays_as_it_is(page: Client, alice: Person) -> None:
    save(page, **{"category-test": "none", "type-test.told": "apps"})
    save(page, **{"type-test.told": "email"})
    save(page)
    assert stored(alice) == {("", "test", "none"), ("test.told", "", "email")}


def test_choices_of_other_categories_and_people_stay_as_they_are(
    page: Client, alice: Person, bob: Person
) -> None:
    save(page, "product", **{"category-product": "none"})
    NotificationPreference.objects.create(person=bob, category="test", type="both")
    save(page, **{"category-test": "apps", "person": str(bob.pk)})
    save(page, **{"category-test": "apps"})
    assert stored(alice) == {("", "product", "none"), ("", "test", "apps")}
    assert stored(bob) == {("", "test", "both")}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"category-test": "sms"}, "sms is not one of the available choices"),
        ({"type-test.told": "<b>"}, "<b> is not one of the available choices"),
        ({"type-test.unheard": "none"}, "There is nothing to choose for type-test.unheard."),
        ({"type-product.created": "none"}, "There is nothing to choose for type-product.created."),
        ({"type-test.told:pigeon": "yes"}, "There is nothing to choose for type-test.told:pigeon."),
        ({"x" * 900: "none"}, "There is nothing to choose for xxx"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(
    page: Client, alice: Person, fields: dict[str, str], complaint: str
) -> None:
    save(page, **{"type-test.met": "none"})
    answer = save(page, **{"type-test.told_personally": "both"} | fields)
    text = text_of(answer)
    assert answer.status_code == 422
    assert complaint in text
    assert "Nothing of this was saved." in text
    assert checked(text, "type-test.told_personally") == ["both"]
    assert stored(alice) == {("test.met", "", "none")}
    assert text.count("<details open") == 1


def test_what_is_wrong_is_escaped(page: Client) -> None:
    answer = save(page, **{"category-test": "<script>alert(1)</script>", "<script>": "1"})
    assert "<script>" not in answer.content.decode()


@pytest.mark.parametrize("category", ["", "nosuch", "<script>", "x" * 9_000, "category-test", "\x00"])
def test_a_category_that_there_is_not_changes_nothing(page: Client, alice: Person, category: str) -> None:
    answer = save(page, category, **{"category-test": "none"})
    assert "There is no such category; nothing was changed." in text_of(answer)
    assert stored(alice) == set()


def test_without_any_field_nothing_changes(page: Client, alice: Person) -> None:
    assert page.post(CHOICES).status_code == 302
    assert stored(alice) == set()


# A page that was open for a while


def form_of(text: str, category: str = "test") -> dict[str, str]:
    """Return what a browser would send of a section, as it is on the page."""
    form = re.search(rf'<form [^>]*id="category-{category}".*?</form>', text, re.DOTALL)
    assert form
    tags = re.findall(r'<input type="(hidden|radio)" name="(.*?)" value="(.*?)"([^>]*)>', form[0])
    sent = {name: value for kind, name, value, rest in tags if kind == "hidden" or "checked" in rest}
    return {name: html.unescape(value) for name, value in sent.items() if name != "csrfmiddlewaretoken"}


def opened(page: Client) -> dict[str, str]:
    return form_of(page.get(PAGE).content.decode())


def opt_out(person: Person) -> None:
    """Do what a mail program does by one click."""
    place = reverse("engagement:unsubscribe", args=[unsubscribe_token(person.pk, ["test"])])
    assert Client().post(place).status_code == 200


def test_an_old_page_does_not_undo_an_opt_out(page: Client, alice: Person) -> None:
    form = opened(page)
    opt_out(alice)
    assert page.post(CHOICES, form | {"type-test.met": "none"}).status_code == 302
    assert stored(alice) == {("", "test", "apps"), ("test.met", "", "none")}


def test_an_old_page_undoes_no_opt_out_from_a_choice(page: Client, alice: Person) -> None:
    save(page, **{"category-test": "both", "type-test.told": "email"})
    form = opened(page)
    opt_out(alice)
    page.post(CHOICES, form | {"mails-category-test": "daily"})
    assert stored(alice) == {("", "test", "apps"), ("test.told", "", "none")}
    assert NotificationPreference.objects.get(category="test").digest == "daily"


def test_what_was_touched_on_an_old_page_is_saved(page: Client, alice: Person) -> None:
    form = opened(page)
    opt_out(alice)
    page.post(CHOICES, form | {"category-test": "both"})
    assert stored(alice) == {("", "test", "both")}
    page.post(CHOICES, opened(page) | {"category-test": ""})
    assert stored(alice) == set()


def test_two_browsers_keep_what_each_has_changed(page: Client, alice: Person, push: None) -> None:
    one, two, three, four = (opened(page) for _browser in range(4))
    page.post(CHOICES, one | {"type-test.told": "none"})
    page.post(CHOICES, two | {"type-test.met": "apps"})
    page.post(CHOICES, three | {"type-test.told:push": "no"})
    page.post(CHOICES, four | {"mails-category-test": "hourly"})
    assert stored(alice) == {("test.told", "", "none"), ("test.met", "", "apps"), ("", "test", "")}
    assert NotificationPreference.objects.get(event_type="test.told").channels == {"push": False}
    assert NotificationPreference.objects.get(category="test").digest == "hourly"


def test_an_old_page_does_not_undo_a_digest(page: Client) -> None:
    form = opened(page)
    save(page, **{"mails-category-test": "daily"})
    page.post(CHOICES, form | {"category-test": "both"})
    found = NotificationPreference.objects.get()
    assert (found.type, found.digest) == ("both", "daily")


def test_a_page_with_an_error_still_knows_what_was_shown_first(page: Client, alice: Person) -> None:
    form = opened(page)
    opt_out(alice)
    answer = page.post(CHOICES, form | {"type-test.met": "none", "type-test.told": "sms"})
    again = form_of(answer.content.decode())
    assert (answer.status_code, again["shown"]) == (422, form["shown"])
    page.post(CHOICES, again | {"type-test.told": "apps"})
    assert stored(alice) == {("", "test", "apps"), ("test.met", "", "none"), ("test.told", "", "apps")}


def test_what_became_mandatory_meanwhile_is_no_error_where_it_was_not_touched(
    page: Client, alice: Person
) -> None:
    save(page, **{"type-test.told": "none"})
    form = opened(page)
    save(page, **{"type-test.told": ""})
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    assert page.post(CHOICES, form | {"type-test.met": "none"}).status_code == 302
    assert stored(alice) == {("test.met", "", "none")}


@pytest.mark.parametrize(
    "shown", ["", "{", "[]", '"x"', "null", "1" * 9_000, "[" * 100_000, '{"category-test": [1]}', "<script>"]
)
def test_without_what_was_shown_all_that_is_sent_counts(page: Client, alice: Person, shown: str) -> None:
    opt_out(alice)
    answer = page.post(CHOICES, {"category": "test", "category-test": "", "shown": shown})
    assert answer.status_code == 302
    assert stored(alice) == set()
    answer = page.post(CHOICES, {"category": "test", "category-test": "sms", "shown": shown})
    assert (answer.status_code, b"<script>" in answer.content) == (422, False)


# Whether mails are collected


@pytest.mark.parametrize("digest", ["never", "hourly", "daily"])
def test_a_digest_is_chosen_for_a_category(page: Client, alice: Person, digest: str) -> None:
    text = text_of(save(page, **{"mails-category-test": digest}))
    assert "Your choices for Test are saved." in text
    assert checked(text, "mails-category-test") == [digest]
    assert NotificationPreference.objects.get().digest == digest
    assert checked(text, "category-test") == [""]
    save(page, **{"mails-category-test": ""})
    assert stored(alice) == set()


def test_it_says_what_applies_without_it_and_is_offered_for_categories_only(page: Client) -> None:
    NotificationRule.objects.create(category="product", digest="daily")
    text = text_of(page.get(PAGE))
    assert "As usual: At once, the default." in fieldset(text, "mails-category-test")
    assert "As usual: Daily digest, as your administrators have set it." in fieldset(
        text, "mails-category-product"
    )
    assert checked(text, "mails-category-product") == [""]
    assert 'name="mails-type' not in text


def test_a_digest_that_is_not_sent_stays(page: Client, alice: Person) -> None:
    save(page, **{"mails-category-test": "daily"})
    save(page, **{"category-test": "both"})
    save(page, **{"category-test": ""})
    assert NotificationPreference.objects.get().digest == "daily"


@pytest.mark.parametrize("sent", [{"mails-category-test": "weekly"}, {"mails-type-test.told": "daily"}])
def test_a_digest_that_there_is_not_is_refused(page: Client, alice: Person, sent: dict[str, str]) -> None:
    answer = save(page, **{"category-test": "none"} | sent)
    assert answer.status_code == 422
    assert stored(alice) == set()


def test_where_mails_are_mandatory_there_is_no_digest_to_choose(page: Client, alice: Person) -> None:
    NotificationRule.objects.create(category="test", mandatory=["email"])
    assert 'id="mails-category-test"' not in text_of(page.get(PAGE))
    assert save(page, **{"mails-category-test": "daily"}).status_code == 422
    assert stored(alice) == set()


# Where mails go


def test_with_an_address_that_works_there_is_no_notice(page: Client) -> None:
    assert 'id="mailbox"' not in text_of(page.get(PAGE))


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("bounce", "mails to it came back."),
        ("complaint", "one of our mails to it was reported as spam."),
        ("stop", "its owner asked for no more mails."),
        ("by hand", "your administrators have stopped them."),
    ],
)
def test_an_address_that_must_not_be_used_is_said_with_the_reason(
    page: Client, alice: Person, cause: str, words: str
) -> None:
    Suppression.objects.create(
        channel="email",
        endpoint="ALICE@kiteworks.example",
        cause=cause,
        reason="550 <no> such user",
        created_at="2026-03-01T20:00Z",
    )
    set_settings(alice, time_zone="Asia/Kathmandu")
    text = text_of(page.get(PAGE))
    assert "No mails are sent to alice@kiteworks.example." in text
    assert f"Since March 2, 2026: {words} The reason given was: “550 <no> such user”." in text
    assert "turn to your administrators" in text
    assert b"&lt;no&gt;" in page.get(PAGE).content


def test_a_suppression_without_a_reason_leaves_it_out(page: Client) -> None:
    Suppression.objects.create(channel="email", endpoint="alice@kiteworks.example")
    assert "The reason given" not in text_of(page.get(PAGE))


def test_without_an_address_it_says_so(page: Client) -> None:
    Person.objects.update(email="")
    assert "There is no email address in your account." in text_of(page.get(PAGE))


# What is mandatory


def test_what_is_mandatory_is_disabled_and_says_why(page: Client) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    text = text_of(page.get(PAGE))
    assert disabled(text, "type-test.told") == ["email", "none"]
    assert "Inbox is always on: your administrators require it" in fieldset(text, "type-test.told")
    assert disabled(text, "category-test") == []
    assert "Inbox is always on for Told." in fieldset(text, "all-category-test")


def test_what_is_mandatory_in_the_whole_category_is_disabled_throughout(page: Client) -> None:
    NotificationRule.objects.create(category="test", mandatory=["app", "email"])
    text = text_of(page.get(PAGE))
    for name in ("category-test", "type-test.told"):
        assert disabled(text, name) == ["apps", "email", "none"]


def test_what_a_notifier_makes_mandatory_is_disabled(
    page: Client, declare: Callable[..., Notifier[Unheard]]
) -> None:
    declare(list, mandatory=("app",))
    text = text_of(page.get(PAGE))
    assert "it is part of what this kind of notification is for" in fieldset(text, "type-test.unheard")


def test_a_forged_post_does_not_switch_it_off(page: Client, alice: Person) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    answer = save(page, **{"type-test.told": "none"})
    assert answer.status_code == 422
    error = re.search(r'<ul class="errorlist".*?</ul>', text_of(answer), re.DOTALL)
    assert error
    assert "Inbox is always on: your administrators require it for this kind of event." in error[0]
    assert stored(alice) == set()


def test_a_choice_of_before_is_shown_and_the_others_can_be_saved(page: Client, alice: Person) -> None:
    save(page, **{"type-test.told": "none"})
    NotificationRule.objects.create(event_type="test.told", mandatory=["app"])
    text = text_of(page.get(PAGE))
    assert checked(text, "type-test.told") == ["none"]
    # A browser sends no radio button that is disabled.
    assert "are saved" in text_of(save(page, **{"type-test.met": "none"}))
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert outcomes_of(alice)["app"] == "created: mandatory"


def test_what_is_switched_off_for_everybody_says_so(page: Client) -> None:
    NotificationRule.objects.create(event_type="test.told", is_active=False)
    found = fieldset(text_of(page.get(PAGE)), "type-test.told")
    assert "At present your administrators have switched this off for everybody." in found


# Further channels


def test_who_has_a_device_can_choose_of_it_though_it_is_not_set_up(page: Client, alice: Person) -> None:
    Endpoint.objects.create(person=alice, channel="push", value="token", verified_at=timezone.now())
    text = text_of(page.get(PAGE))
    assert 'name="category-test:push"' in text
    assert "so that nothing is sent there: Email, Push." in text


def test_further_channels_on_which_nobody_is_reached_are_none_to_choose(page: Client) -> None:
    assert 'class="further"' not in text_of(page.get(PAGE))


def test_a_further_channel_is_chosen_by_itself(page: Client, alice: Person, push: None) -> None:
    text = text_of(save(page, **{"type-test.told:push": "no", "type-test.told": "apps"}))
    assert checked(text, "type-test.told:push") == ["no"]
    assert NotificationPreference.objects.get().channels == {"push": False}
    text = text_of(save(page, **{"type-test.told": ""}))
    assert NotificationPreference.objects.get().channels == {"push": False}
    save(page, **{"type-test.told:push": ""})
    assert stored(alice) == set()


def test_a_further_channel_takes_yes_no_or_as_usual(page: Client, alice: Person, push: None) -> None:
    answer = save(page, **{"type-test.told:push": "maybe"})
    assert "maybe is not one of the available choices" in text_of(answer)
    NotificationRule.objects.create(event_type="test.told", mandatory=["push"])
    assert "Push is always on" in text_of(save(page, **{"type-test.told:push": "no"}))
    assert disabled(text_of(page.get(PAGE)), "type-test.told:push") == ["no"]
    assert stored(alice) == set()


def test_where_no_mails_were_chosen_the_row_of_mails_says_that_none_go_out(
    client: Client, alice: Person
) -> None:
    client.force_login(alice)
    assert "no mails go out" not in client.get(PAGE).content.decode()
    NotificationPreference.objects.create(person=alice, category="test", type="apps")
    text = client.get(PAGE).content.decode()
    assert text.count("As you chose “Apps” for the category, no mails go out.") == 1
    assert "“Apps” is the inbox here." in text
