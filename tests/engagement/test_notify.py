"""notify and notify_bulk: people whom the caller names, on the same path as everybody."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from capabilities.people.models import Person
from engagement.explain import explain
from engagement.models import (
    AppNotification,
    AppNotificationTemplate,
    Mute,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
    NotificationRule,
)
from engagement.notifier import Notified, Notifier, Result, SwitchedOff, notify, notify_bulk
from engagement.notify import Progress
from events.bus import EventLog, InvalidPayload, UnknownEventType, event_bus
from events.drain import drain
from events.models import HandlerRun
from tests.conftest import make_people, make_person
from tests.engagement.samples import outcomes_of
from tests.probe.events import Pinged
from tests.probe.models import Call

pytestmark = pytest.mark.django_db

SLUG = "test.told"
FACTS: dict[str, Any] = {"people": [], "name": "Kite"}


def bulk(users: Any, **context: Any) -> Result:
    """Tell them at once."""
    found = notify_bulk(users, SLUG, async_send=False, **(FACTS | context))
    assert isinstance(found, Result)
    return found


def test_it_gives_back_the_notification_which_is_in_the_callers_transaction(alice: Person) -> None:
    with transaction.atomic():
        row = notify(alice, SLUG, **FACTS)
        assert isinstance(row, AppNotification)
        assert (row.person_id, row.title) == (alice.pk, "Kite was told")
        transaction.set_rollback(True)
    assert not AppNotification.objects.exists()
    assert not EventLog.objects.exists()


def test_it_is_called_as_its_users_call_it(alice: Person) -> None:
    row = notify(user=alice, template_slug=SLUG, name="Kite", people=[1])
    assert isinstance(row, AppNotification)
    assert row.title == "Kite was told"


def test_it_is_logged_with_a_run_that_is_done_and_nobody_who_subscribed_runs(alice: Person) -> None:
    notify(alice, "test.pinged", note="by name")
    (log,) = EventLog.objects.all()
    assert (log.type, log.status()) == ("test.pinged", "done")
    assert [run.handler for run in log.runs.all()] == ["engagement.notify"]
    assert drain() == 0
    assert not Call.objects.exists()


def test_an_alias_is_as_good_as_the_name(alice: Person) -> None:
    notify(alice, "meeting", people=[], at="2026-01-01T12:00:00Z")
    assert EventLog.objects.get().type == "test.met"
    assert event_bus.publish("meeting", {"people": [], "at": "2026-01-01T12:00:00Z"}).type == "test.met"


def test_by_a_workers_hands_the_handle_tells_how_far_it_is(alice: Person, bob: Person) -> None:
    handle = notify_bulk([alice, bob.pk, 10**9], SLUG, **FACTS)
    assert isinstance(handle, Notified)
    assert handle.result() == Result(Progress.PENDING, 0, 1, 0, 3)
    assert not AppNotification.objects.exists()
    drain()
    assert handle.result() == Result(Progress.DONE, 2, 1, 0, 3)
    assert AppNotification.objects.count() == 2


def test_a_single_one_may_be_left_to_a_worker_too(alice: Person) -> None:
    handle = notify(alice, SLUG, async_send=True, **FACTS)
    assert isinstance(handle, Notified)
    drain()
    assert handle.result().success_count == 1


def test_workers_are_woken_after_the_commit(
    alice: Person, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        notify_bulk([alice], SLUG, **FACTS)
    assert len(callbacks) == 1


def test_a_thousand_people_are_taken_on_in_a_handful_of_statements() -> None:
    people = make_people(1_000)
    with CaptureQueriesContext(connection) as captured:
        handle = notify_bulk(people, SLUG, **FACTS)
    assert len([each for each in captured if "SAVEPOINT" not in each["sql"]]) <= 5
    assert isinstance(handle, Notified)
    assert handle.result().total == 1_000


@pytest.mark.parametrize("users", ["objects", "keys", "queryset", "generator", "values"])
def test_users_may_be(users: str, alice: Person, bob: Person) -> None:
    both = Person.objects.filter(pk__in=[alice.pk, bob.pk])
    given = {
        "objects": [alice, bob],
        "keys": [alice.pk, str(bob.pk)],
        "queryset": both.order_by("-username"),
        "generator": (each for each in [alice, bob]),
        "values": both.values_list("pk", flat=True),
    }[users]
    assert bulk(given) == Result(Progress.DONE, 2, 0, 0, 2)


def test_the_unknown_are_counted_and_harm_nobody(alice: Person) -> None:
    gone = make_person("gone")
    gone_pk = gone.pk
    gone.delete()
    assert bulk([alice, gone_pk, "nonsense", None, alice.pk]) == Result(Progress.DONE, 1, 3, 0, 4)


def test_an_unknown_person_alone_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert notify(10**9, SLUG, **FACTS) is None
    assert "there is no such person" in caplog.text


def test_nobody_at_all_is_fine() -> None:
    assert bulk([]) == Result(Progress.DONE, 0, 0, 0, 0)
    assert bulk(Person.objects.none()) == Result(Progress.DONE, 0, 0, 0, 0)


@pytest.mark.parametrize("users", ["alice", 7, object()])
def test_what_is_no_list_of_people_is_refused(users: Any) -> None:
    with pytest.raises(TypeError, match=r"notify\(\) was given"):
        bulk(users)
    assert not EventLog.objects.exists()


def test_choices_hold_for_it_too(alice: Person, bob: Person) -> None:
    NotificationPreference.objects.create(person=alice, category="test", type="none")
    assert bulk([alice, bob]) == Result(Progress.DONE, 1, 0, 1, 2)
    assert notify(alice, SLUG, **FACTS) is None


def test_a_mute_holds_for_it_too(alice: Person) -> None:
    Mute.objects.create(person=alice, about="kite:1")
    assert notify(alice, SLUG, about="kite:1", **FACTS) is None
    assert set(outcomes_of(alice).values()) == {"skipped: muted"}


def test_who_is_named_is_told_of_their_own_act(alice: Person) -> None:
    assert notify(alice, SLUG, actor=alice, **FACTS) is not None
    assert EventLog.objects.get().actor_id == alice.pk


def test_without_a_notifier_or_a_rule_it_goes_to_the_inbox_only(alice: Person) -> None:
    notify(alice, "test.pinged", note="x")
    assert outcomes_of(alice) == {"app": "created: default", "email": "skipped: default"}


def test_a_rule_says_where_it_goes(alice: Person) -> None:
    NotificationRule.objects.create(event_type="test.pinged", channels=["email"])
    assert notify(alice, "test.pinged", note="x") is None
    assert outcomes_of(alice)["app"] == "skipped: rule for this event type"


def test_switched_off_it_is_refused(alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    NotificationRule.objects.create(category="test", is_active=False)
    with pytest.raises(SwitchedOff, match=r"test\.told is switched off"):
        notify(alice, SLUG, **FACTS)
    assert "switched off" in caplog.text
    assert not EventLog.objects.exists()


def test_an_unknown_slug_is_logged_and_refused(alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnknownEventType, match=r"Did you mean test\.told"):
        notify(alice, "test.tolt", **FACTS)
    assert "test.tolt" in caplog.text


def test_a_wrong_payload_is_refused_before_anything_is_written(alice: Person) -> None:
    with pytest.raises(InvalidPayload, match="people"):
        notify(alice, SLUG, name="Kite")
    assert not EventLog.objects.exists()


def test_a_wording_that_fails_gives_the_fallback(alice: Person) -> None:
    AppNotificationTemplate.objects.create(event_type=SLUG, title_template="{{ name }}")
    AppNotificationTemplate.objects.update(title_template="{{ nonsense }}")
    row = notify(alice, SLUG, **FACTS)
    assert isinstance(row, AppNotification)
    assert row.title == "Told"
    assert NotificationBatch.objects.get().fallbacks == 1


@pytest.mark.parametrize("async_send", [False, True])
def test_a_secret_is_gone_when_it_has_been_told(alice: Person, async_send: bool) -> None:
    notify(alice, "test.whispered", async_send=async_send, code="424242")
    drain()
    assert "code" not in EventLog.objects.get().payload
    assert outcomes_of(alice)["app"].startswith("created")


def test_a_dead_batch_is_a_failure(alice: Person) -> None:
    handle = notify_bulk([alice], SLUG, **FACTS)
    assert isinstance(handle, Notified)
    (batch,) = NotificationBatch.claim(1)
    batch.cancel("x")
    NotificationBatch.objects.update(state="dead")
    assert handle.result() == Result(Progress.FAILED, 0, 1, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_notified_twice_is_told_twice_since_each_is_an_event(alice: Person) -> None:
    notify(alice, SLUG, **FACTS)
    notify(alice, SLUG, **FACTS)
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 2
    assert HandlerRun.objects.unfinished().count() == 0


def test_the_notifiers_expiry_and_group_hold_and_its_reason_does_not(
    alice: Person, own_notifiers: Any
) -> None:
    class PingedNotifier(Notifier[Pinged]):
        event = Pinged
        reason = "you are in its audience"
        example = Pinged()

        def audience(self, event: Pinged) -> list[int]:
            return []

        def group(self, event: Pinged) -> str:
            return f"pings:{event.note}"

        def not_after(self, event: Pinged) -> datetime | None:
            return datetime(2026, 1, 1, tzinfo=UTC) if event.note == "late" else None

    row = notify(alice, "test.pinged", note="x")
    assert isinstance(row, AppNotification)
    assert (row.group, row.reason) == ("pings:x", "")
    assert explain(row.event).reason == ""
    assert notify(alice, "test.pinged", note="late") is None
    assert NotifiableEvent.objects.filter(outcomes__app="skipped: expired").count() == 1


def test_a_notification_is_kept_as_long_as_its_explanation(alice: Person) -> None:
    row = notify(alice, SLUG, **FACTS)
    assert isinstance(row, AppNotification)
    assert row.delete_at == row.event.delete_at


def test_what_no_key_can_be_is_unknown(alice: Person) -> None:
    assert bulk([alice, Decimal("Infinity")]) == Result(Progress.DONE, 1, 1, 0, 2)
