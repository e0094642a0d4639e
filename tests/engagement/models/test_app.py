"""AppNotification: a row in the inbox."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from freezegun import freeze_time

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import AppNotification, NotifiableEvent
from events.cleanup import clean_up
from tests.engagement.samples import notified, published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

WRITTEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BOUNDARY = WRITTEN + timedelta(hours=72)


def test_is_read_can_be_queried(alice: Person) -> None:
    read, unread = notified(alice, "read"), notified(alice, "unread")
    read.mark_as_read()
    assert list(AppNotification.objects.filter(is_read=True)) == [read]
    assert list(AppNotification.objects.filter(is_read=False)) == [unread]


def test_a_new_one_is_unread(alice: Person) -> None:
    row = notified(alice)
    assert (row.is_read, row.read_at, row.seen_at, row.archived_at) == (False, None, None, None)


def test_marking_as_read_tells_whether_it_was_unread(alice: Person) -> None:
    row = notified(alice)
    assert row.mark_as_read() is True
    assert row.is_read
    assert row.read_at is not None
    assert abs(timezone.now() - row.read_at) < timedelta(minutes=1)
    assert row.mark_as_read() is False


def test_marking_as_read_again_keeps_the_first_time(alice: Person) -> None:
    row = notified(alice)
    row.mark_as_read()
    first = row.read_at
    row.mark_as_read()
    assert row.read_at == first


def test_marking_touches_nobody_elses(alice: Person, bob: Person) -> None:
    mine, theirs = notified(alice), notified(bob)
    mine.mark_as_read()
    theirs.refresh_from_db()
    assert not theirs.is_read


def test_many_are_marked_with_one_verb(alice: Person) -> None:
    for _ in range(3):
        notified(alice)
    assert AppNotification.objects.of(alice).mark_read() == 3
    assert AppNotification.objects.of(alice).mark_read() == 0
    assert AppNotification.objects.of(alice).mark_unread() == 3
    assert AppNotification.objects.of(alice).unread().count() == 3


def test_a_notifiable_event_has_one_notification(alice: Person) -> None:
    row = notified(alice)
    with pytest.raises(IntegrityError, match="event_id"), transaction.atomic():
        AppNotification.objects.create(event_id=row.event_id, person=alice, event_type="test.told", title="2")


def test_it_shows_as_its_title_and_is_listed_in_the_inbox(alice: Person) -> None:
    row = notified(alice, "Kite was told")
    assert str(row) == "Kite was told"
    assert row.get_absolute_url() == "/inbox/"


@pytest.mark.parametrize(
    ("hours", "age"), [(0, "now"), (1, "an hour ago"), (3, "3 hours ago"), (71, "2 days, 23 hours ago")]
)
def test_its_age_is_told_in_words(alice: Person, hours: int, age: str) -> None:
    row = notified(alice, created_at=timezone.now() - timedelta(hours=hours))
    assert row.age.replace("\xa0", " ") == age


def test_it_is_kept_for_72_hours_and_not_a_moment_longer(alice: Person) -> None:
    with freeze_time(WRITTEN):
        fan_out(published(Told(people=[alice.pk])))
    assert AppNotification.objects.get().delete_at == BOUNDARY
    assert NotifiableEvent.objects.get().delete_at == BOUNDARY
    with freeze_time(BOUNDARY):
        clean_up()
        assert AppNotification.objects.count() == NotifiableEvent.objects.count() == 1
    with freeze_time(BOUNDARY + timedelta(microseconds=1)):
        deleted = clean_up()
    assert deleted["engagement.AppNotification"] == deleted["engagement.NotifiableEvent"] == 1
    assert not AppNotification.objects.exists()
    assert not NotifiableEvent.objects.exists()


def test_one_made_by_hand_is_kept_as_long(alice: Person) -> None:
    with freeze_time(WRITTEN):
        row = notified(alice)
    assert row.delete_at == row.event.delete_at == BOUNDARY


def test_reading_it_does_not_lengthen_its_life(alice: Person) -> None:
    row = notified(alice)
    before = row.delete_at
    row.mark_as_read()
    row.refresh_from_db()
    assert row.delete_at == before
