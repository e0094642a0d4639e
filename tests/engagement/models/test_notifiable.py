"""NotifiableEvent and NotificationBatch: who is concerned, and the work that this makes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch
from engagement.process import process_batch
from events.cleanup import clean_up
from events.models import EventLog
from tests.conftest import make_people
from tests.engagement.samples import notified, planned, published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

EXPIRED = timedelta(days=30)


def age(model: type[Any], **changes: Any) -> None:
    """Let every row of a model expire."""
    model.objects.update(delete_at=timezone.now() - EXPIRED, **changes)


def test_an_event_concerns_a_person_once(alice: Person) -> None:
    event = published(Told(people=[]))
    NotifiableEvent.objects.create(event_log_id=event.envelope.id, person=alice, event_type="test.told")
    with pytest.raises(IntegrityError, match="notifiableevent_once"), transaction.atomic():
        NotifiableEvent.objects.create(event_log_id=event.envelope.id, person=alice, event_type="test.told")


def test_by_hand_it_needs_a_type_and_a_person_only(alice: Person) -> None:
    made = NotifiableEvent.objects.create(event_type="product.created", person=alice, params={"name": "Kite"})
    made.refresh_from_db()
    assert (made.event_log, made.notifier, made.outcomes) == (None, "", None)
    assert timedelta(hours=71) < made.delete_at - timezone.now() <= timedelta(hours=72)
    assert str(made) == f"product.created for person {alice.pk}"


def test_a_batch_is_planned_once(alice: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk])
    batch.pk = None
    with pytest.raises(IntegrityError, match="notificationbatch_once"), transaction.atomic():
        batch.save(force_insert=True)


def test_what_is_owed_is_not_cleaned_up(alice: Person, bob: Person) -> None:
    planned(published(Told(people=[])), [alice.pk, bob.pk])
    age(NotifiableEvent)
    age(NotificationBatch)
    age(EventLog)
    clean_up()
    assert NotifiableEvent.objects.count() == 2
    assert NotificationBatch.objects.count() == EventLog.objects.count() == 1


def test_what_is_done_is_cleaned_up(alice: Person, bob: Person) -> None:
    fan_out(published(Told(people=[alice.pk, bob.pk])))
    for model in (AppNotification, NotifiableEvent, NotificationBatch, EventLog):
        age(model)
    deleted = clean_up()
    assert deleted["engagement.AppNotification"] == deleted["engagement.NotifiableEvent"] == 2
    assert deleted["engagement.NotificationBatch"] == 1
    for model in (AppNotification, NotifiableEvent, NotificationBatch):
        assert not model.objects.exists()


def test_only_the_expired_are_cleaned_up(alice: Person, bob: Person) -> None:
    old, new = notified(alice), notified(bob)
    AppNotification.objects.filter(pk=old.pk).update(delete_at=timezone.now() - EXPIRED)
    clean_up()
    assert list(AppNotification.objects.all()) == [new]


def test_an_undecided_one_made_by_hand_is_kept_as_long_as_dead_work(alice: Person) -> None:
    NotifiableEvent.objects.create(event_type="test.told", person=alice)
    age(NotifiableEvent)
    clean_up()
    assert NotifiableEvent.objects.exists()
    NotifiableEvent.objects.update(delete_at=timezone.now() - timedelta(days=91))
    clean_up()
    assert not NotifiableEvent.objects.exists()


def test_a_dead_batch_is_kept_for_somebody_to_look_at(alice: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk])
    died = timezone.now()
    age(NotificationBatch, state="dead", finished_at=died)
    clean_up()
    assert NotificationBatch.objects.filter(pk=batch.pk).exists()
    age(NotificationBatch, finished_at=died - timedelta(days=91))
    clean_up()
    assert not NotificationBatch.objects.exists()


def test_a_dead_batch_that_is_kept_can_still_be_requeued(alice: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk])
    age(NotifiableEvent)
    age(NotificationBatch, state="dead", finished_at=timezone.now())
    clean_up()
    NotificationBatch.objects.dead().requeue()
    process_batch(NotificationBatch.objects.get(pk=batch.pk))
    assert AppNotification.objects.filter(person=alice).exists()


def test_clean_up_needs_no_cascade(alice: Person) -> None:
    people = make_people(30)
    fan_out(published(Told(people=people)))
    age(NotifiableEvent)
    age(AppNotification)
    with CaptureQueriesContext(connection) as captured:
        NotifiableEvent.delete_expired(timezone.now(), 5_000)
        AppNotification.delete_expired(timezone.now(), 5_000)
    assert len(captured) == 2
    assert not NotifiableEvent.objects.exists()
    assert not AppNotification.objects.exists()


def test_clean_up_takes_no_more_than_its_limit() -> None:
    fan_out(published(Told(people=make_people(12))))
    age(AppNotification)
    assert [AppNotification.delete_expired(timezone.now(), 5) for _ in range(4)] == [5, 5, 2, 0]


def constraints_to(*tables: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND (confrelid = ANY(%s::regclass[]) OR conrelid = ANY(%s::regclass[]))",
            [list(tables), list(tables)],
        )
        return [row[0] for row in cursor.fetchall()]


def test_no_foreign_key_constraint_touches_the_big_tables() -> None:
    assert constraints_to("engagement_notifiableevent", "engagement_appnotification") == []


def test_a_batch_says_how_many_it_is_for(alice: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk])
    assert str(batch) == f"1 recipients of event #{batch.event_id}"
