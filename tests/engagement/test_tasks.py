"""process_notification: one NotifiableEvent, by its id."""

import threading

import pytest
from django.db import connection

from capabilities.people.models import Person
from engagement.models import AppNotification, NotifiableEvent, NotificationPreference
from engagement.tasks import process_notification
from events.bus import event_bus
from events.drain import drain
from events.models import HandlerRun
from tests.engagement.samples import TOLD, outcomes_of, published
from tests.probe.events import Told


def by_hand(person: Person, **fields: object) -> NotifiableEvent:
    given = {"event_type": "test.told", "params": {"people": [], "name": "By hand", "url": "/h/"}} | fields
    return NotifiableEvent.objects.create(person=person, **given)


@pytest.mark.django_db
def test_a_notifiable_event_made_by_hand_becomes_a_notification(alice: Person) -> None:
    assert process_notification(by_hand(alice).pk) is True
    row = AppNotification.objects.get(person=alice)
    assert (row.title, row.url, row.event_type) == ("By hand was told", "/h/", "test.told")
    assert outcomes_of(alice) == {"app": "created: default", "email": "skipped: channel not configured"}


@pytest.mark.django_db
def test_it_is_kept_as_long_as_its_notifiable_event(alice: Person) -> None:
    concerned = by_hand(alice)
    process_notification(concerned.pk)
    assert AppNotification.objects.get().delete_at == concerned.delete_at


@pytest.mark.django_db
def test_preferences_hold_for_it_too(alice: Person) -> None:
    NotificationPreference.objects.create(person=alice, event_type="test.told", type="none")
    assert process_notification(by_hand(alice).pk) is True
    assert not AppNotification.objects.exists()
    assert outcomes_of(alice)["app"] == "skipped: choice for this event type"


@pytest.mark.django_db
def test_twice_does_no_harm(alice: Person) -> None:
    pk = by_hand(alice).pk
    assert [process_notification(pk), process_notification(pk)] == [True, False]
    assert AppNotification.objects.count() == 1


@pytest.mark.django_db
def test_an_unknown_id_is_an_error() -> None:
    with pytest.raises(NotifiableEvent.DoesNotExist):
        process_notification(1_000_000)


@pytest.mark.django_db
def test_missing_parameters_give_the_fallback(alice: Person) -> None:
    process_notification(by_hand(alice, params=None).pk)
    assert AppNotification.objects.get().title == "Told"


@pytest.mark.django_db
def test_one_of_the_log_is_told_by_its_notifier(alice: Person) -> None:
    event = published(Told(people=[], name="Logged"), actor=alice)
    process_notification(by_hand(alice, event_log_id=event.envelope.id, notifier=TOLD, params=None).pk)
    assert outcomes_of(alice)["app"] == "skipped: own act"


@pytest.mark.django_db
def test_the_same_person_may_be_concerned_by_hand_any_number_of_times(alice: Person) -> None:
    for _ in range(3):
        process_notification(by_hand(alice).pk)
    assert AppNotification.objects.filter(person=alice).count() == 3


@pytest.mark.django_db
def test_it_can_be_enqueued_by_its_path(alice: Person) -> None:
    concerned = by_hand(alice)
    event_bus.enqueue_task("engagement.tasks.process_notification", {"event_id": concerned.pk}, "test.told")
    drain()
    assert HandlerRun.objects.get().state == "succeeded"
    assert AppNotification.objects.get().event_id == concerned.pk


@pytest.mark.django_db
def test_a_secret_is_erased_once_it_was_told(alice: Person) -> None:
    concerned = by_hand(alice, event_type="test.whispered", params={"code": "open sesame"})
    process_notification(concerned.pk)
    concerned.refresh_from_db()
    assert "open sesame" not in str(concerned.params)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_create_one_notification(alice: Person) -> None:
    pk, results, start = by_hand(alice).pk, [], threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        results.append(process_notification(pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [False, False, False, True]
    assert AppNotification.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("params", "is_fallback"), [({"people": []}, False), ({}, True)])
def test_operators_can_see_that_it_was_the_fallback(alice: Person, params: object, is_fallback: bool) -> None:
    process_notification(by_hand(alice, params=params).pk)
    assert AppNotification.objects.get().is_fallback is is_fallback
