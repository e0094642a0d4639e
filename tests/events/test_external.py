"""External work: a call to somebody else, outside of a transaction, whose success is a fact."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from capabilities.people.models import Person
from engagement import deliver_sql
from engagement.channels.base import Sent
from engagement.models import AppNotification, Delivery, NotificationRule
from events import work
from events.bus import Cancel, GiveUp, RetryLater, Unreachable, event_bus
from events.drain import do_now, drain
from events.exceptions import NotYetKnown
from events.handle import attempt
from events.models import HandlerRun
from events.testing import work_off
from tests.probe.events import Pinged, Told
from tests.probe.models import Call
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

Step = Callable[[Delivery], None]
Performed = Callable[[Step], None]


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> Performed:
    """Return a function that says what doing a Delivery means during the test; nothing surrounds its turn."""
    turns: Any = work._turns
    monkeypatch.delitem(turns, Delivery)

    def performed(step: Step) -> None:
        steps: Any = work._steps
        monkeypatch.setitem(steps, Delivery, step)

    return performed


def owe(person: Person, number: int = 1) -> Delivery:
    """Return something that is due to be sent."""
    return Delivery.objects.create(
        person=person, channel="email", is_digest=True, gathered_at=Now(), message_id=f"<{number}@host>"
    )


def succeed(delivery: Delivery) -> None:
    """Do what the step does when the far end has said yes."""
    deliver_sql.record_success(delivery, Sent("250 Ok"), is_secret=False)


def raising(error: BaseException) -> Step:
    """Return a step that comes to this end."""

    def step(delivery: Delivery) -> None:
        raise error

    return step


def state() -> tuple[str, int, int]:
    """Return the state of the only Delivery, its failures and its crashes."""
    found = Delivery.objects.get()
    return found.state, found.failed, found.crashed


@pytest.mark.django_db(transaction=True)
def test_it_is_done_outside_of_a_transaction(alice: Person, performed: Performed) -> None:
    seen: list[tuple[bool, str]] = []

    def step(delivery: Delivery) -> None:
        seen.append((connection.in_atomic_block, Delivery.objects.get().state))
        succeed(delivery)

    performed(step)
    owe(alice)
    assert drain("delivery") == 1
    assert seen == [(False, "running")]
    assert state() == ("succeeded", 0, 0)


class TimeoutException(SystemExit):
    """Stands for django-q2's."""


@pytest.mark.parametrize(
    ("error", "expected", "why"),
    [
        (ValueError("It broke."), ("retrying", 1, 0), "ValueError: It broke."),
        (GiveUp("No such user"), ("dead", 1, 0), "No such user"),
        (RetryLater(60, "Not now."), ("retrying", 0, 0), "Not now."),
        (Cancel("It has become pointless."), ("cancelled", 0, 0), "It has become pointless."),
        (SystemExit(1), ("retrying", 1, 0), "SystemExit: 1"),
    ],
)
def test_what_comes_of_it_is_recorded(
    alice: Person, performed: Performed, error: BaseException, expected: tuple[str, int, int], why: str
) -> None:
    performed(raising(error))
    owe(alice)
    drain("delivery")
    found = Delivery.objects.get()
    assert state() == expected
    assert found.last_error.startswith(why)
    assert (found.lease_token, found.finished_at is None) == (None, expected[0] == "retrying")


@pytest.mark.parametrize(
    "error",
    [
        GiveUp("550 <alice@kiteworks.example>: no such user"),
        RetryLater(60, "450 <alice@kiteworks.example>: not now"),
        Unreachable("421 <alice@kiteworks.example>: goodbye"),
        ValueError("<alice@kiteworks.example>"),
    ],
)
def test_what_others_answer_is_in_the_row_and_not_in_the_log(
    alice: Person, performed: Performed, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """It often repeats the address."""
    caplog.set_level("INFO")
    performed(raising(error))
    owe(alice)
    drain("delivery")
    assert alice.email in Delivery.objects.get().last_error
    (record,) = [each for each in caplog.records if each.name == "events.handle"]
    assert "see its attempts" in record.getMessage()
    assert alice.email not in caplog.text


def test_of_a_failure_the_log_has_its_kind(
    alice: Person, performed: Performed, caplog: pytest.LogCaptureFixture
) -> None:
    performed(raising(ValueError("It broke.")))
    owe(alice)
    drain("delivery")
    assert "ValueError" in caplog.text


def test_what_is_not_known_to_this_process_is_said_in_the_log(
    alice: Person, performed: Performed, caplog: pytest.LogCaptureFixture
) -> None:
    performed(raising(NotYetKnown("The notifier 'kite.Gone'")))
    owe(alice)
    drain("delivery")
    assert "The notifier 'kite.Gone' is not known to this process" in caplog.text


def test_a_time_out_is_recorded_and_passed_on(alice: Person, performed: Performed) -> None:
    performed(raising(TimeoutException(1)))
    owe(alice)
    with pytest.raises(TimeoutException):
        drain("delivery")
    assert state() == ("retrying", 1, 0)


def test_an_interruption_is_passed_on_and_the_whole_claim_given_back(
    alice: Person, bob: Person, performed: Performed
) -> None:
    performed(raising(KeyboardInterrupt()))
    owe(alice, 1)
    Delivery.objects.create(person=bob, channel="email", is_digest=True, message_id="<2@host>")
    claimed = Delivery.claim(2)
    Delivery.release(claimed[0].lease_token)
    with pytest.raises(KeyboardInterrupt):
        do_now(Delivery, "TRUE", [])
    assert set(Delivery.objects.values_list("state", "failed", "crashed")) == {("pending", 0, 0)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("signal", "left"), [(KeyboardInterrupt(), ("pending", 0, 0)), (TimeoutException(1), ("retrying", 1, 0))]
)
def test_a_signal_in_the_middle_of_a_statement_is_passed_on_too(
    alice: Person, performed: Performed, signal: BaseException, left: tuple[str, int, int]
) -> None:
    def broken_off(delivery: Delivery) -> None:
        connection.connection.pgconn.send_query(b"SELECT pg_sleep(0.5)")
        raise signal

    performed(broken_off)
    owe(alice)
    with pytest.raises(type(signal)):
        drain("delivery", seconds=math.inf)
    assert state() == left


# The lease was lost meanwhile


def lose_lease(delivery: Delivery) -> None:
    """Let somebody else have it."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state="pending", lease_token=None, lease_until=None, available_at=Now()
    )
    assert Delivery.claim(1)


def test_a_late_failure_does_not_overwrite(alice: Person, performed: Performed) -> None:
    def step(delivery: Delivery) -> None:
        lose_lease(delivery)
        raise ValueError("Too late.")

    performed(step)
    owe(alice)
    (claimed,) = Delivery.claim(1)
    attempt(claimed)
    found = Delivery.objects.get()
    assert (found.state, found.failed, found.last_error) == ("running", 0, "")
    assert found.lease_token != claimed.lease_token


def test_a_late_success_is_recorded_whoever_holds_it(alice: Person, performed: Performed) -> None:
    def step(delivery: Delivery) -> None:
        lose_lease(delivery)
        succeed(delivery)

    performed(step)
    owe(alice)
    attempt(*Delivery.claim(1))
    assert state() == ("succeeded", 0, 0)


@pytest.mark.parametrize("ended", ["dead", "cancelled", "skipped"])
def test_a_late_success_leaves_what_is_done_alone_but_for_the_attempt(alice: Person, ended: str) -> None:
    owe(alice)
    (claimed,) = Delivery.claim(1)
    Delivery.objects.update(state=ended, lease_token=None, lease_until=None, finished_at=Now())
    succeed(claimed)
    assert state() == (ended, 0, 0)
    assert claimed.delivery_attempts.filter(succeeded=True).count() == 1


# Turns


class Turns:
    """Counts how often a turn was entered and left."""

    def __init__(self) -> None:
        self.entered = self.left = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.entered += 1
        try:
            yield
        finally:
            self.left += 1


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    found = Turns()
    by_model: Any = work._turns
    monkeypatch.setitem(by_model, Delivery, found)
    return found


def test_a_drain_has_one_turn_however_many_claims_it_makes(
    alice: Person, performed: Performed, turns: Turns
) -> None:
    performed(succeed)
    for number in range(20):
        owe(alice, number)
    assert drain("delivery") == 20
    assert (turns.entered, turns.left) == (1, 1)


def test_the_turn_is_left_when_it_ends_badly(alice: Person, performed: Performed, turns: Turns) -> None:
    performed(raising(KeyboardInterrupt()))
    owe(alice)
    with pytest.raises(KeyboardInterrupt):
        drain("delivery")
    assert (turns.entered, turns.left) == (1, 1)


def test_no_turn_is_made_for_the_work_of_another_lane(turns: Turns) -> None:
    event_bus.publish(Pinged())
    drain("events")
    assert turns.entered == 0


# At once


def test_what_is_done_at_once_is_only_what_was_asked_for(alice: Person, performed: Performed) -> None:
    done: list[int] = []

    def step(delivery: Delivery) -> None:
        done.append(delivery.pk)
        succeed(delivery)

    performed(step)
    wanted = [owe(alice, number).pk for number in range(3)]
    other = owe(alice, 4)
    assert do_now(Delivery, "work.id = ANY(%s)", [wanted]) == 3
    assert done == wanted
    assert do_now(Delivery, "work.id = ANY(%s)", [wanted]) == 0
    other.refresh_from_db()
    assert other.state == "pending"


def test_who_is_claimed_together_knows_of_each_other(alice: Person) -> None:
    owed = [owe(alice, number).pk for number in range(3)]
    claimed = Delivery.claim(3)
    assert all([each.pk for each in one.companions] == owed for one in claimed)
    assert {one.person for one in claimed} == {alice}


# Inline


@pytest.mark.django_db(transaction=True)
def test_inline_both_the_inbox_and_the_mail_are_there_after_the_commit(
    server: SmtpServer, alice: Person, settings: Settings
) -> None:
    settings.EVENTS_EXECUTION = "inline"
    with transaction.atomic():
        event_bus.publish(Told(people=[alice.pk]))
        assert (AppNotification.objects.count(), server.received) == (0, [])
    assert AppNotification.objects.count() == 1
    assert [each.recipients for each in server.received] == [[alice.email]]
    assert not HandlerRun.objects.unfinished().exists()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"succeeded"}


@pytest.mark.django_db(transaction=True)
def test_inline_a_step_that_publishes_has_its_event_handled_at_once(
    alice: Person, performed: Performed, settings: Settings
) -> None:
    """The lane of events is drained within the drain of the other."""
    settings.EVENTS_EXECUTION = "inline"

    def step(delivery: Delivery) -> None:
        event_bus.publish(Pinged(note="inside"))
        assert Call.objects.get().note == "inside"
        succeed(delivery)

    performed(step)
    owe(alice)
    assert drain("delivery") == 1
    assert state() == ("succeeded", 0, 0)


@pytest.mark.parametrize("skipped", [False, True], ids=["sent", "skipped"])
def test_work_off_does_the_work_of_all_lanes_and_a_skip_is_no_failure(
    server: SmtpServer, alice: Person, skipped: bool
) -> None:
    event_bus.publish(Told(people=[alice.pk]))
    assert drain("events") == 1
    if skipped:
        NotificationRule.objects.create(category="test", is_active=False)
    assert work_off() == 1
    assert state()[0] == ("skipped" if skipped else "succeeded")


def test_work_off_tells_of_a_mail_that_failed(server: SmtpServer, alice: Person) -> None:
    server.at_data = "451 4.3.0 Full"
    event_bus.publish(Told(people=[alice.pk]))
    with pytest.raises(AssertionError, match="Full"):
        work_off()
