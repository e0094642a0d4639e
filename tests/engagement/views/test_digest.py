"""The page with everything that was in a digest."""

import html

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from capabilities.people.models import Person
from engagement.models import Delivery, NotifiableEvent
from engagement.notifier import retract
from tests.engagement.mails import digest_of, mail_to
from tests.engagement.samples import published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


def about(kite: str, person: Person) -> Delivery:
    """Return a mail of an event about a kite."""
    event = published(Told(people=[], name=kite), about=kite).envelope
    return mail_to(person, title=f"{kite} flies", about=kite, event_id=event.id)


def shown(page: Client, digest: Delivery) -> str:
    answer = page.get(f"/inbox/digest/{digest.pk}/")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_it_lists_what_was_collected_newest_first(page: Client, alice: Person) -> None:
    digest = digest_of(alice, about("kite:1", alice), about("kite:2", alice))
    text = shown(page, digest)
    assert text.index("kite:2 flies") < text.index("kite:1 flies")
    assert "2 notifications were collected in it." in text


def test_what_was_retracted_since_cannot_be_read_any_more(page: Client, alice: Person) -> None:
    digest = digest_of(alice, about("kite:1", alice), about("kite:2", alice))
    retract("kite:1")
    text = shown(page, digest)
    assert "kite:1" not in text
    assert "kite:2 flies" in text


def test_what_was_told_of_it_afterwards_is_shown(page: Client, alice: Person) -> None:
    before = about("kite:1", alice)
    retract("kite:1")
    after = about("kite:1", alice)
    Delivery.objects.filter(pk=after.pk).update(title="It flies again")
    text = shown(page, digest_of(alice, before, after))
    assert "It flies again" in text
    assert "kite:1 flies" not in text


def test_if_everything_was_retracted_it_says_so(page: Client, alice: Person) -> None:
    digest = digest_of(alice, about("kite:1", alice))
    retract("kite:1")
    assert "What was in it was taken back, or is no longer kept." in shown(page, digest)


def test_a_notifier_that_is_no_more_hides_nothing(page: Client, alice: Person) -> None:
    digest = digest_of(alice, mail_to(alice, title="Kite flies", notifier="long.Gone"))
    assert "Kite flies" in shown(page, digest)


def test_why_is_asked_only_of_what_is_still_explained(page: Client, alice: Person) -> None:
    kept, expired = about("kite:1", alice), about("kite:2", alice)
    digest = digest_of(alice, kept, expired)
    NotifiableEvent.objects.filter(pk=expired.notifiable_id or 0)._raw_delete("default")
    text = shown(page, digest)
    assert "kite:2 flies" in text
    assert text.count("Why did I get this?") == 1
    assert f'href="/inbox/activity/{kept.notifiable_id}/"' in text


def test_it_takes_as_many_queries_for_many_as_for_one(page: Client, alice: Person) -> None:
    counts = []
    for number in (1, 10):
        digest = digest_of(alice, *(about(f"kite:{each}", alice) for each in range(number)))
        retract("kite:0")
        with CaptureQueriesContext(connection) as captured:
            shown(page, digest)
        counts.append(len(captured))
    assert counts[0] == counts[1]
