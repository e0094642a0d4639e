"""What choices would have meant, in words, and on the page of the preferences."""

import html
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.choices import Scope
from engagement.decide import Digest, Preset
from engagement.meant import Meant, meant
from engagement.models import NotifiableEvent, NotificationRule
from engagement.past import past_of
from engagement.preferences import choose, choose_digest, sections
from engagement.registration import register_device
from tests.engagement.stored import Push, Sms, Webhook

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TOLD = {"app": "created: default", "email": "planned: default"}
DIGESTED = {"app": "created: default", "email": "planned: choice for this category, daily digest"}
PAGE = "/inbox/preferences/"


def was_told(person: Person, outcomes: Any = None, count: int = 1, month: int = 10) -> None:
    NotifiableEvent.objects.bulk_create(
        NotifiableEvent(
            person=person,
            event_type="test.told",
            notifier="probe.ToldNotifier",
            outcomes=outcomes or TOLD,
            created_at=datetime(2026, month, 1 + number % 5, 12, tzinfo=UTC),
        )
        for number in range(count)
    )


def said(person: Person, anchor: str = "category-test") -> Meant:
    with freeze_time(NOW):
        found = sections(person)
        return meant(past_of(person, found), found)[anchor]


def alternatives(found: Meant) -> dict[str, str]:
    return {each.label: each.words for each in found.alternatives}


def chosen(found: Meant) -> list[str]:
    return [each.label for each in found.alternatives if each.is_chosen]


def test_last_month_is_told_in_numbers(alice: Person) -> None:
    was_told(alice, count=63)
    found = said(alice)
    assert (found.was, found.now) == ("In October: 63 emails, 63 in the inbox.", "")
    assert alternatives(found) == {
        "As usual": "63 emails, 63 in the inbox",
        "Apps": "0 emails, 63 in the inbox",
        "Email": "63 emails, 0 in the inbox",
        "Both": "63 emails, 63 in the inbox",
        "None": "0 emails, 0 in the inbox",
        "Mails: At once": "63 emails, 63 in the inbox",
        "Mails: Hourly digest": "up to 63 digests, 63 in the inbox",
        "Mails: Daily digest": "up to 6 digests, 63 in the inbox",
    }
    assert chosen(found) == ["As usual"]
    assert json.loads(found.words)["main"]["apps/daily"] == "0 emails, 63 in the inbox"


def test_a_choice_that_was_made_since_is_compared_with_what_there_was(alice: Person) -> None:
    was_told(alice, count=63)
    choose(alice, Scope(category="test"), Preset.EMAIL)
    choose_digest(alice, "test", Digest.DAILY)
    found = said(alice)
    assert found.was == "In October: 63 emails, 63 in the inbox."
    assert found.now == "As chosen now, it would have been: up to 6 digests, 0 in the inbox."
    assert chosen(found) == ["Email", "Mails: Daily digest"]


def test_digests_of_last_month_are_no_mails_of_their_own(alice: Person) -> None:
    was_told(alice, DIGESTED, count=63)
    choose_digest(alice, "test", Digest.DAILY)
    assert said(alice).was == "In October: up to 6 digests, 63 in the inbox."


def test_one_of_each_and_what_begins_this_month(alice: Person) -> None:
    was_told(alice, month=11)
    assert said(alice).was == "In November so far: 1 email, 1 in the inbox."


def test_each_kind_of_event_has_its_own_numbers(alice: Person) -> None:
    was_told(alice, count=2)
    choose(alice, Scope(category="test"), Preset.APPS)
    found = said(alice, "type-test.told")
    assert found.now == "As chosen now, it would have been: 0 emails, 2 in the inbox."
    assert alternatives(found)["Both"] == "2 emails, 2 in the inbox"
    assert not any(label.startswith("Mails") for label in alternatives(found))


def test_what_cannot_be_chosen_is_no_alternative(alice: Person) -> None:
    was_told(alice)
    NotificationRule.objects.create(category="test", mandatory=["email"])
    assert set(alternatives(said(alice))) == {"As usual", "Email", "Both"}


def test_mails_that_wait_to_be_read_may_be_fewer(alice: Person) -> None:
    was_told(alice, count=3)
    NotificationRule.objects.create(category="test", email_delay="00:10:00")
    assert alternatives(said(alice))["Both"] == "up to 3 emails, 3 in the inbox"


def test_further_channels_have_words_of_their_own(
    alice: Person, stored_channels: tuple[Push, Sms, Webhook]
) -> None:
    was_told(alice, count=4)
    register_device(alice, "push", "token", label="Telephone")
    found = said(alice)
    assert found.was == "In October: 4 emails, 4 in the inbox."
    assert alternatives(found)["Push: Yes"] == "4 push notifications"
    assert alternatives(found)["Push: No"] == "0 push notifications"
    assert json.loads(found.words)["further"]["push"] == {"": "", "yes": "4 push notifications", "no": ""}
    choose(alice, Scope(category="test"), channels={"push": True})
    assert said(alice).now.endswith("4 emails, 4 in the inbox, 4 push notifications.")


def test_of_what_there_was_nothing_nothing_is_said(page: Client, alice: Person) -> None:
    assert 'class="meant"' not in page.get(PAGE).content.decode()
    with pytest.raises(KeyError):
        said(alice)


def test_the_page_says_it_without_a_script(page: Client, alice: Person) -> None:
    was_told(alice, count=3)
    with freeze_time(NOW):
        page.force_login(alice)
        text = html.unescape(page.get(PAGE).content.decode())
    assert "In October: 3 emails, 3 in the inbox." in text
    assert "<summary>Other choices in October<" in text
    row = re.search(r'<th scope="row">Apps</th><td>(.*?)</td>', text)
    assert row
    assert row[1] == "0 emails, 3 in the inbox"


def test_it_is_about_nobody_else(page: Client, bob: Person) -> None:
    was_told(bob, count=3)
    with freeze_time(NOW):
        assert 'class="meant"' not in page.get(PAGE).content.decode()


def test_the_number_of_queries_is_the_same_however_much_there_was(
    page: Client, alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as captured:
        page.get(PAGE)
    was_told(alice, count=50, month=11)
    was_told(alice, DIGESTED, count=50)
    NotifiableEvent.objects.update(created_at=NOW)
    with django_assert_num_queries(len(captured)):
        page.get(PAGE)
