"""A Delivery as its channel gets it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.digest import checked
from engagement.links import read_unsubscribe_token
from engagement.mail import compose
from engagement.message import message_of, preview_of
from engagement.models import Delivery, NotificationRule, NotificationSettings
from engagement.outgoing import Outgoing
from engagement.recheck import Recheck
from tests.engagement.mails import digest_of, mail_to

pytestmark = pytest.mark.django_db

SITE = "https://carillon.example"


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = SITE


def message(delivery: Delivery) -> Outgoing:
    """Return what would be sent."""
    verdict = Recheck([delivery]).verdict(delivery)
    return message_of(delivery, verdict, checked(delivery) if delivery.is_digest else ())


def optional(found: Outgoing) -> list[str] | None:
    """Return the categories that the person can opt out of by the link in it."""
    token = found.unsubscribe_url.rstrip("/").rpartition("/")[2]
    read = read_unsubscribe_token(token)
    return read and read[1]


def test_it_has_the_texts_as_they_were_written_and_absolute_links(alice: Person) -> None:
    row = mail_to(
        alice,
        state="pending",
        title="Kite",
        message="So it is.",
        url="/products/1/",
        reason="you asked for it",
        notifier="probe.ToldNotifier",
    )
    found = message(row)
    assert (found.message_id, found.endpoint, found.person) == (row.message_id, alice.email, "Alice Arden")
    assert (found.title, found.message, found.reason) == ("Kite", "So it is.", "you asked for it")
    assert (found.event_type, found.category, found.digest) == ("test.told", "test", None)
    assert found.url == f"{SITE}/products/1/"
    assert found.why_url == SITE + reverse("engagement:outcome", args=[row.notifiable_id])
    assert found.preferences_url == f"{SITE}{reverse('engagement:preferences')}#category-test"
    assert optional(found) == ["test"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example/", "https://evil.example/"])
def test_it_leads_nowhere_rather_than_astray(alice: Person, url: str) -> None:
    assert message(mail_to(alice, url=url)).url == ""


def test_what_is_mandatory_cannot_be_opted_out_of(alice: Person) -> None:
    NotificationRule.objects.create(category="test", mandatory=["email"])
    assert message(mail_to(alice)).unsubscribe_url == ""


def test_a_digest_opts_out_of_what_is_in_it_but_for_what_is_mandatory(alice: Person) -> None:
    NotificationRule.objects.create(category="security", mandatory=["email"])
    items = [mail_to(alice, category=category) for category in ("test", "product", "security", "test")]
    assert optional(message(digest_of(alice, *items))) == ["product", "test"]
    assert message(digest_of(alice, items[2])).unsubscribe_url == ""


def test_a_digest_of_very_many_categories_can_be_unsubscribed_from(alice: Person) -> None:
    items = [mail_to(alice, category=f"category_{number:02}") for number in range(50)]
    found = message(digest_of(alice, *items))
    assert len(found.unsubscribe_url) < 500
    assert optional(found) == [f"category_{number:02}" for number in range(10)]
    header = compose(found).extra_headers["List-Unsubscribe"]
    assert header == f"<{found.unsubscribe_url}>"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"notifier": "probe.ToldNotifier", "reason": "du stehst auf der Liste"}, "you are on the list"),
        ({"notifier": ""}, "by name"),
        ({"notifier": "long.Gone"}, "by name"),
    ],
)
def test_the_reason_for_machines_is_in_one_language(alice: Person, fields: dict[str, str], why: str) -> None:
    row = mail_to(alice, language="de", **{**fields, "notifier": "probe.ToldNotifier"})
    verdict = Recheck([row]).verdict(row)
    row.notifier = fields["notifier"]
    assert message_of(row, verdict).reason_for_machines == why


def test_it_is_in_the_language_in_which_it_was_written_and_the_time_zone_of_now(alice: Person) -> None:
    NotificationSettings.objects.create(person=alice, language="de", time_zone="Asia/Kathmandu")
    found = message(mail_to(alice, language="en"))
    assert (found.language, found.time_zone) == ("en", "Asia/Kathmandu")
    assert message(digest_of(alice, mail_to(alice))).language == "de"


def test_what_belongs_together_is_one_thread(alice: Person) -> None:
    assert message(mail_to(alice, about="kite:1")).thread == "kite:1"
    assert message(mail_to(alice, about="kite:1", group="kites")).thread == "kites"


def test_a_digest_has_what_is_in_it(alice: Person) -> None:
    row = digest_of(alice, mail_to(alice, title="One", url="/1/"), mail_to(alice, title="Two"))
    found = message(row)
    assert found.digest is not None
    assert {(each.title, each.url) for each in found.digest.items} == {("One", f"{SITE}/1/"), ("Two", "")}
    assert (found.digest.total, found.digest.limit) == (2, None)
    assert found.digest.url == SITE + reverse("engagement:digest", args=[row.pk])
    assert (found.why_url, found.url) == ("", "")


def test_a_preview_changes_nothing(alice: Person) -> None:
    row = digest_of(alice, mail_to(alice), state="pending", created_at=alice.date_joined - timedelta(1))
    before = list(Delivery.objects.order_by("pk").values())
    assert preview_of(row).digest is not None
    assert list(Delivery.objects.order_by("pk").values()) == before
