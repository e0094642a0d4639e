"""A digest that is still open has nothing in it yet, and much may be held for it."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from capabilities.people.models import Person
from engagement.models import Delivery, EmailNotification
from tests.engagement.admin.pages import place
from tests.engagement.admin.test_deliveries import page_of, preview_of
from tests.engagement.mails import digest_of, mail_to

pytestmark = pytest.mark.django_db

DUE = datetime(2033, 1, 1, 12, tzinfo=UTC)


def open_digest(person: Person) -> Delivery:
    return mail_to(person, is_digest=True, state="pending", title="", available_at=DUE)


def held(person: Person, title: str = "Kite was told") -> Delivery:
    return mail_to(person, state="held", wait="hourly digest", title=title)


def leads(client: Client, mail: Delivery, target: Delivery) -> bool:
    return f'href="{place(EmailNotification, "change", target.pk)}"' in page_of(client, mail)


def test_it_and_what_is_held_for_it_lead_to_each_other(
    admin_client: Client, alice: Person, bob: Person
) -> None:
    digest, mine, theirs = open_digest(alice), held(alice), held(bob)
    assert leads(admin_client, digest, mine)
    assert leads(admin_client, mine, digest)
    assert not leads(admin_client, digest, theirs)
    assert not leads(admin_client, theirs, digest)


def test_its_page_and_preview_say_until_when_nothing_is_gathered(admin_client: Client, alice: Person) -> None:
    digest = open_digest(alice)
    held(alice)
    for text in (page_of(admin_client, digest), preview_of(admin_client, digest).content.decode()):
        assert "Nothing is gathered before 2033-01-01 1" in text
        assert "1 message is held for it." in text
        assert "0 notifications" not in text


def test_what_is_held_for_the_next_is_not_listed_at_one_that_is_closed(
    admin_client: Client, alice: Person
) -> None:
    digest = digest_of(alice, mail_to(alice))
    next_one = held(alice)
    assert not leads(admin_client, digest, next_one)
    assert "Nothing is gathered" not in page_of(admin_client, digest)


def test_a_secret_that_is_held_is_masked(admin_client: Client, alice: Person) -> None:
    mail_to(alice, state="held", event_type="test.whispered", title="open sesame")
    assert "open sesame" not in page_of(admin_client, open_digest(alice))


def test_the_person_sees_what_waits_for_it(client: Client, alice: Person, bob: Person) -> None:
    digest = open_digest(alice)
    held(alice, "Kite one")
    held(bob, "Kite two")
    client.force_login(alice)
    text = client.get(f"/inbox/digest/{digest.pk}/").content.decode()
    assert "Nothing is gathered before Jan. 1, 2033" in text
    assert "Kite one" in text
    assert "Kite two" not in text
    assert "0 notifications" not in text
