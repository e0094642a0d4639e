"""Everything that concerned a person."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.activity import START, find, page
from engagement.models import Mute, NotifiableEvent
from events.bus import EventLog, event_bus
from events.testing import work_off
from tests.engagement.mails import digest_of, mail_to
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


def told(*people: Person, about: str = "") -> None:
    event_bus.publish(Told(people=[person.pk for person in people]), about=about or None)
    work_off()


def by_hand(person: Person, *, minutes_ago: int = 0) -> NotifiableEvent:
    moment = timezone.now() - timedelta(minutes=minutes_ago)
    return NotifiableEvent.objects.create(event_type="test.told", person=person, created_at=moment)


def test_what_was_told_and_what_was_not_are_listed_newest_first(alice: Person) -> None:
    told(alice, about="product_management.product:7")
    Mute.objects.create(person=alice, about="kite:1")
    told(alice, about="kite:1")
    by_hand(alice)
    found = page(alice)
    assert [
        (str(each.title), each.subject, str(each.gist.word), each.gist.told) for each in found.entries
    ] == [
        ("Told", "", "not decided yet", False),
        ("Told", "kite:1", "muted", False),
        ("Kite was told", "product 7", "in your inbox", True),
    ]
    assert found.older_than is None


def test_what_concerned_others_is_not_listed_nor_found(alice: Person, bob: Person) -> None:
    told(bob)
    theirs = NotifiableEvent.objects.get()
    assert page(alice).entries == []
    assert find(alice, theirs.pk) is None
    assert find(bob, theirs.pk) == theirs


def test_rows_made_by_hand_are_merged_in_by_time(alice: Person) -> None:
    long_ago, now = by_hand(alice, minutes_ago=60), by_hand(alice)
    told(alice)
    logged = NotifiableEvent.objects.get(event_log__isnull=False)
    NotifiableEvent.objects.filter(pk=logged.pk).update(created_at=timezone.now() - timedelta(minutes=30))
    assert [each.pk for each in page(alice).entries] == [now.pk, logged.pk, long_ago.pk]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_each_is_on_one_page(alice: Person, size: int) -> None:
    for minutes in (50, 30, 30, 10, 0):
        by_hand(alice, minutes_ago=minutes)
    for minutes in (0, 45, 30, 5, 5, 60):
        told(alice)
        newest = NotifiableEvent.objects.filter(event_log__isnull=False).latest("pk")
        moment = timezone.now() - timedelta(minutes=minutes)
        NotifiableEvent.objects.filter(pk=newest.pk).update(created_at=moment)
    seen, cursor = [], START
    for _page in range(20):
        found = page(alice, cursor, size)
        seen += [each.pk for each in found.entries]
        assert len(found.entries) <= size
        if found.older_than is None:
            break
        cursor = found.older_than
    assert len(seen) == 11
    assert set(seen) == set(NotifiableEvent.objects.values_list("pk", flat=True))


def test_an_event_that_is_no_longer_in_the_log_is_listed_all_the_same(alice: Person) -> None:
    told(alice, about="kite:1")
    EventLog.objects.all().delete()
    (entry,) = page(alice).entries
    assert (entry.title, entry.subject) == ("Kite was told", "")


def test_a_type_that_is_gone_is_listed_under_its_name(alice: Person) -> None:
    NotifiableEvent.objects.create(event_type="long.gone", person=alice)
    assert [each.title for each in page(alice).entries] == ["long.gone"]


def test_it_is_two_queries_however_much_there_is(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _each in range(3):
        told(alice)
        by_hand(alice)
    with django_assert_num_queries(2):
        page(alice)


def test_it_is_three_queries_where_mails_were_sent_however_many(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _each in range(3):
        digest_of(alice, mail_to(alice))
        mail_to(alice, state="dead")
    with django_assert_num_queries(3):
        page(alice)


def test_what_became_of_a_mail_is_listed(alice: Person) -> None:
    mail_to(alice, state="dead")
    NotifiableEvent.objects.update(outcomes={"app": "skipped: default", "email": "planned: default"})
    (entry,) = page(alice).entries
    assert (str(entry.gist.word), entry.gist.told) == ("could not be sent", False)
