"""retract: what was told about an object goes, and what was published before is kept back."""

import threading

import pytest
from django.db import connection, transaction

from capabilities.people.models import Person
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch, Retraction
from engagement.notifier import retract
from engagement.process import process_batch
from engagement.tasks import process_notification
from events.bus import event_bus
from events.drain import drain
from tests.engagement.samples import outcomes_of, planned, published
from tests.polling import eventually
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

KITE = "kite:1"


def told(person: Person, about: str = KITE) -> None:
    """Tell a person of something about an object."""
    event_bus.publish(Told(people=[person.pk]), about=about)
    drain()


def test_it_is_withdrawn_from_the_inboxes_and_the_outcome_says_so(alice: Person, bob: Person) -> None:
    told(alice)
    told(bob, about="kite:2")
    assert retract(KITE) == 1
    assert [row.person_id for row in AppNotification.objects.all()] == [bob.pk]
    assert outcomes_of(alice)["app"] == "skipped: retracted"
    assert outcomes_of(bob)["app"] == "created: default"


def test_an_object_will_do(alice: Person) -> None:
    event_bus.publish(Told(people=[alice.pk]), about=alice)
    drain()
    assert retract(alice) == 1


def test_what_has_yet_to_be_told_is_kept_back(alice: Person) -> None:
    event_bus.publish(Told(people=[alice.pk]), about=KITE)
    retract(KITE)
    drain()
    assert set(outcomes_of(alice).values()) == {"skipped: retracted"}


def test_what_is_published_from_now_on_is_told(alice: Person) -> None:
    told(alice)
    retract(KITE)
    told(alice)
    assert AppNotification.objects.count() == 1


def test_rolled_back_nothing_happened(alice: Person) -> None:
    told(alice)
    with transaction.atomic():
        retract(KITE)
        transaction.set_rollback(True)
    assert AppNotification.objects.exists()
    assert not Retraction.objects.exists()


def test_twice_does_no_harm(alice: Person) -> None:
    told(alice)
    assert [retract(KITE), retract(KITE)] == [1, 0]
    assert Retraction.objects.count() == 1


def test_without_an_object_it_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an object"):
        retract("")


def test_a_notification_that_was_made_by_hand_and_is_about_nothing_is_left_alone(alice: Person) -> None:
    found = NotifiableEvent.objects.create(event_type="test.told", person=alice, params={"people": []})
    retract(KITE)
    process_notification(found.pk)
    assert AppNotification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_batch_under_way_is_waited_for_and_withdrawn(alice: Person) -> None:
    """Read before the retraction commits, written after it began: neither may slip through."""
    batch = planned(published(Told(people=[alice.pk]), about=KITE), [alice.pk])
    count: list[int] = []

    def take_back() -> None:
        count.append(retract(KITE))
        connection.close()

    retracting = threading.Thread(target=take_back)
    with transaction.atomic():
        process_batch(NotificationBatch.objects.get(pk=batch.pk))
        retracting.start()
        eventually(_somebody_waits_for_a_lock, what="the retraction waits for the batch")
    retracting.join(10)
    assert count == [1]
    assert not AppNotification.objects.exists()


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("name", ["a\0b", "a" * 201, "\ud800"])
def test_a_name_that_no_object_can_have_is_refused_before_the_database_is_asked(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        retract(name)
