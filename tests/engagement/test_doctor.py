"""The accounts add up, and what does not is found."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from capabilities.people.models import Person
from engagement.doctor import accounts, examine
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch, NotificationPreference
from engagement.notifier import notify_bulk, retract
from events.bus import event_bus
from events.testing import work_off
from tests.probe.events import Told

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
