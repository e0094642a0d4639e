"""What has expired goes, with all that belongs to it; never what is still to be sent."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.models import Delivery, DeliveryAttempt, NotifiableEvent
from events.bus import event_bus
from events.cleanup import clean_up
from events.drain import drain
from events.models import EventLog
from tests.engagement.mails import digest_of, mail_to
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

EXPIRED = timezone.now() - timedelta(hours=1)


def expire_everything() -> None:
    """Let the time of all rows be over."""
    for model in (Delivery, NotifiableEvent, EventLog):
        model._default_manager.update(delete_at=EXPIRED)


def left() -> tuple[int, int, int]:
    """Return how many Deliveries, attempts and NotifiableEvents there are."""
    return Delivery.objects.count(), DeliveryAttempt.objects.count(), NotifiableEvent.objects.count()


def attempted(*deliveries: Delivery) -> None:
    """Note two attempts at each."""
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(delivery=each, succeeded=succeeded, answer="said", at=timezone.now())
        for each in deliveries
        for succeeded in (False, True)
    )


def test_what_is_done_goes_with_its_attempts_and_what_it_came_from(alice: Person) -> None:
    attempted(mail_to(alice), mail_to(alice, state="skipped"), mail_to(alice, state="cancelled"))
    assert left() == (3, 6, 3)
    clean_up()
    assert left() == (3, 6, 3), "not before its time"
    expire_everything()
    deleted = clean_up()
    assert left() == (0, 0, 0)
    assert (deleted["engagement.Delivery"], deleted["engagement.NotifiableEvent"]) == (3, 3)


def test_of_many_they_go_in_batches(alice: Person) -> None:
    attempted(*(mail_to(alice) for _ in range(7)))
    expire_everything()
    assert clean_up(batch=2)["engagement.Delivery"] == 7
    assert left() == (0, 0, 0)


@pytest.mark.parametrize("state", ["pending", "held", "retrying"])
def test_what_is_still_to_be_sent_stays_with_all_that_belongs_to_it(alice: Person, state: str) -> None:
    attempted(mail_to(alice, state=state))
    expire_everything()
    clean_up()
    assert left() == (1, 2, 1)


def test_so_does_what_is_being_sent(alice: Person) -> None:
    mail_to(alice, state="pending")
    Delivery.claim(1)
    expire_everything()
    clean_up()
    assert left() == (1, 0, 1)


@pytest.mark.parametrize(("days", "kept"), [(0, 1), (89, 1), (91, 0)])
def test_what_is_dead_stays_for_somebody_to_look_at(alice: Person, days: int, kept: int) -> None:
    mail_to(alice, state="dead", finished_at=timezone.now() - timedelta(days=days))
    expire_everything()
    clean_up()
    assert left() == (kept, 0, kept)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"state": "pending"}, True),
        ({"state": "retrying"}, True),
        ({"state": "dead"}, True),
        ({"state": "dead", "finished_at": timezone.now() - timedelta(days=91)}, False),
        ({"state": "succeeded"}, False),
        ({"state": "skipped"}, False),
    ],
)
def test_what_was_gathered_stays_until_its_digest_is_done(
    alice: Person, fields: dict[str, object], kept: bool
) -> None:
    digest_of(alice, mail_to(alice), mail_to(alice), **fields)
    expire_everything()
    clean_up()
    assert left() == ((3, 0, 2) if kept else (0, 0, 0))


def test_the_event_of_an_unsent_mail_stays_and_goes_with_the_next_clean_up_after_it(
    server: SmtpServer, alice: Person
) -> None:
    event_bus.publish(Told(people=[alice.pk]))
    drain("events")
    expire_everything()
    clean_up()
    assert EventLog.objects.count() == 1
    drain("delivery")
    assert len(server.received) == 1
    clean_up()
    assert (EventLog.objects.count(), *left()) == (0, 0, 0, 0)


def test_a_digest_is_built_of_what_would_have_expired(
    server: SmtpServer, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_EMAILS_PER_HOUR = 0
    event_bus.publish(Told(people=[alice.pk]))
    drain("events")
    drain("delivery")
    expire_everything()
    clean_up()
    settings.ENGAGEMENT_EMAILS_PER_HOUR = None
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    server.at_data = "451 4.3.0 Full"
    drain("delivery")
    clean_up()
    server.at_data = ""
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    drain("delivery")
    (received,) = server.received
    assert "Kite was told" in received.text()


def test_who_is_deleted_in_the_admin_takes_their_messages_along(
    alice: Person, bob: Person, client: Client
) -> None:
    attempted(mail_to(alice), mail_to(bob), digest_of(alice, mail_to(alice)))
    client.force_login(Person.objects.create_superuser("root"))
    answer = client.post(f"/admin/people/person/{alice.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Person.objects.filter(pk=alice.pk).exists()
    assert {each.person for each in Delivery.objects.all()} == {bob}
    assert left() == (1, 2, 1)
