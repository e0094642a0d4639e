"""The accounts add up, and what does not is found."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone

from capabilities.people.models import Person
from engagement.doctor import accounts, examine
from engagement.models import (
    AppNotification,
    Delivery,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
)
from engagement.notifier import notify_bulk, retract
from events.bus import event_bus
from events.drain import drain
from events.sql import execute
from events.testing import work_off
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy(alice: Person, bob: Person, carol: Person) -> None:
    """Some of everything."""
    NotificationPreference.objects.create(person=bob, category="test", type="none")
    for about in ("kite:1", "kite:2"):
        event_bus.publish(Told(people=[alice.pk, bob.pk]), about=about, actor=carol)
    work_off()
    retract("kite:2")
    notify_bulk([carol], "test.told", people=[])
    notify_bulk([alice], "test.told", people=[])


@pytest.mark.usefixtures("healthy")
def test_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine() == []
    assert accounts() == {"app created": 1, "app skipped": 3, "email skipped": 4, "undecided": 2}
    call_command("doctor")
    assert "exactly one outcome" in capsys.readouterr().out


def lose_batch() -> None:
    NotificationBatch.objects.filter(finished_at=None).delete()


def lose_channel() -> None:
    NotifiableEvent.objects.filter(outcomes__isnull=False).update(outcomes={"app": "skipped: default"})


def add_channel() -> None:
    outcomes = {"app": "skipped: default", "email": "skipped: default", "fax": "skipped: default"}
    NotifiableEvent.objects.filter(outcomes__app__startswith="skipped").update(outcomes=outcomes)


def lose_row() -> None:
    AppNotification.objects.all().delete()


def deny_row() -> None:
    outcomes = {"app": "skipped: default", "email": "skipped: default"}
    NotifiableEvent.objects.filter(outcomes__app__startswith="created").update(outcomes=outcomes)


def bury() -> None:
    NotificationBatch.objects.filter(finished_at=None).update(state="dead", finished_at=timezone.now())


def spoil() -> None:
    NotifiableEvent.objects.filter(outcomes__isnull=False).update(outcomes={"app": None, "email": "perhaps"})


def count_twice() -> None:
    NotificationBatch.objects.filter(finished_at__isnull=False).update(created=9)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (lose_batch, "nobody will decide"),
        (lose_channel, "exactly one outcome"),
        (add_channel, "exactly one outcome"),
        (lose_row, "that are not"),
        (deny_row, "not that they were created"),
        (bury, "dead batch"),
        (spoil, "an outcome that is none"),
        (count_twice, "more outcomes than recipients"),
    ],
)
def test_what_must_not_be_is_found(harm: object, what: str) -> None:
    assert callable(harm)
    harm()
    assert any(what in finding.what for finding in examine())
    with pytest.raises(CommandError, match="do not add up"):
        call_command("doctor")


@pytest.mark.usefixtures("healthy")
def test_an_expired_notification_may_be_gone_before_what_it_came_from() -> None:
    NotifiableEvent.objects.update(delete_at=timezone.now())
    AppNotification.objects.all().delete()
    assert examine() == []


# Messages


@pytest.fixture
def mailed(server: SmtpServer, alice: Person, bob: Person, carol: Person) -> None:
    """A mail that was sent, one that is planned, a digest that was sent, and one that is open."""
    NotificationPreference.objects.create(person=bob, category="test", digest="hourly")
    event_bus.publish(Told(people=[alice.pk, bob.pk]))
    drain("events")
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    drain("delivery")
    event_bus.publish(Told(people=[bob.pk, carol.pk]))
    drain("events")
    states = Delivery.objects.values_list("state", "is_digest")
    assert sorted(states) == [
        ("held", False),
        ("pending", False),
        ("pending", True),
        ("succeeded", False),
        ("succeeded", False),
        ("succeeded", True),
    ]
    assert examine() == []


@pytest.mark.usefixtures("mailed")
@pytest.mark.parametrize(
    ("harm", "what"),
    [
        ("DELETE FROM engagement_delivery WHERE state = 'pending' AND NOT is_digest", "without a message"),
        ("UPDATE engagement_delivery SET channel = 'fax' WHERE state = 'pending'", "without a message"),
        (
            """UPDATE engagement_notifiableevent SET outcomes = outcomes || '{"email": "skipped: default"}'""",
            "outcome is not that they were planned",
        ),
        (
            "UPDATE engagement_notifiableevent SET outcomes = NULL WHERE outcomes IS NOT NULL",
            "outcome is not that they were planned",
        ),
        (
            "DELETE FROM engagement_delivery WHERE state = 'pending' AND is_digest",
            "a digest that there is not",
        ),
        (
            "UPDATE engagement_delivery SET state = 'dead', finished_at = now() WHERE state = 'pending' AND is_digest",
            "held for a digest that there is not",
        ),
        (
            "UPDATE engagement_delivery SET person_id = 0 WHERE state = 'held'",
            "held for a digest that there is not",
        ),
        (
            "DELETE FROM engagement_delivery WHERE state = 'succeeded' AND is_digest",
            "in a digest that there is not",
        ),
        ("UPDATE engagement_delivery SET digest_id = NULL", "said to be sent that were not"),
        ("UPDATE engagement_delivery SET sent_at = NULL", "said to be sent that were not"),
    ],
)
def test_a_message_that_must_not_be_or_is_missing_is_found(harm: str, what: str) -> None:
    execute(harm)
    found = examine()
    assert any(what in finding.what for finding in found), found
    with pytest.raises(CommandError, match="do not add up"):
        call_command("doctor")


@pytest.mark.usefixtures("mailed")
def test_a_held_message_of_a_digest_that_was_closed_before_is_found() -> None:
    execute("UPDATE engagement_delivery SET gathered_at = now() WHERE is_digest AND state = 'pending'")
    assert examine() == [], "it is not too late: nothing is in it yet"
    execute(
        "UPDATE engagement_delivery SET digest_id = (SELECT id FROM engagement_delivery"
        " WHERE is_digest AND state = 'pending') WHERE digest_id IS NOT NULL"
    )
    assert [each.what for each in examine()] == ["Deliveries held for a digest that there is not"]


@pytest.mark.usefixtures("mailed")
def test_a_dead_digest_that_is_requeued_takes_what_was_held_for_it(server: SmtpServer) -> None:
    opened = Delivery.objects.filter(is_digest=True, state="pending")
    opened.update(state="dead", finished_at=Now())
    Delivery.objects.filter(state="held").update(available_at=Now())
    Delivery.objects.filter(sent_at__isnull=False).update(sent_at=Now() - timedelta(hours=1))
    assert Delivery.objects.dead().requeue() == 1
    assert examine() == []
    before = len(server.received)
    drain("delivery")
    assert len(server.received) == before + 2, "the digest, and the mail that was planned"
    assert not Delivery.objects.filter(state="held").exists()
    assert examine() == []
