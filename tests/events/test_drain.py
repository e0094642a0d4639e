"""Draining: until nothing is due or the turn is over, and fair to what is urgent."""

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from events.bus import event_bus
from events.drain import drain
from events.models import EventLog, HandlerRun
from events.take import LARGEST_CLAIM, Pace
from tests.events.owed import lapse_leases, make_due, make_runs
from tests.probe.events import Chained, Hurried, Pinged
from tests.probe.models import Call

pytestmark = pytest.mark.django_db


def test_it_does_all_that_is_due_and_says_how_much() -> None:
    make_runs(250)
    assert drain() == 250
    assert not HandlerRun.objects.unfinished().exists()
    assert drain() == 0


def test_what_follows_from_the_work_is_done_in_the_same_turn() -> None:
    event_bus.publish(Chained(note="x"))
    assert drain() == 2
    assert Call.objects.get().note == "x"


def test_when_the_turn_is_over_the_rest_is_given_back(settings: Settings) -> None:
    make_runs(30)
    EventLog.objects.update(payload={"note": "", "seconds": 0.02})
    done = drain(seconds=0.2)
    assert 1 < done < 20
    assert HandlerRun.objects.filter(state="succeeded").count() == done
    assert HandlerRun.objects.filter(state="pending").count() == 30 - done
    assert not HandlerRun.objects.filter(state="running").exists()
    assert set(HandlerRun.objects.values_list("failed", "crashed")) == {(0, 0)}


def test_an_urgent_run_waits_for_few_slow_ones() -> None:
    make_runs(40)
    EventLog.objects.update(payload={"note": "", "seconds": 0.03})
    drain(seconds=0.3)
    done_before = Call.objects.count()
    event_bus.publish(Hurried(note="urgent"))
    drain(seconds=0.3)
    order = list(Call.objects.order_by("id").values_list("note", flat=True))
    assert order.index("urgent") - done_before <= 2


def test_it_gives_back_what_the_dead_held_and_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.drain.EXPIRE_EVERY", 0)
    make_runs(3)
    HandlerRun.claim(3)
    lapse_leases()
    assert drain() == 2, "the first is blamed and waits for its backoff"
    make_due()
    assert drain() == 1


def test_a_lost_database_ends_the_turn_quietly(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_runs()

    def lose(limit: int, *condition: object) -> list[HandlerRun]:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(HandlerRun, "claim", lose)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test needs its own
    assert drain() == 0
    assert "Lost the database" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_connection_killed_amid_a_handler_costs_nothing_but_time() -> None:
    make_runs(2)
    EventLog.objects.filter(pk=EventLog.objects.order_by("id")[0].pk).update(
        payload={"note": "kill", "seconds": 0}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION kill_probe() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.note = 'kill' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER kill_probe BEFORE INSERT ON probe_call FOR EACH ROW EXECUTE FUNCTION kill_probe()"
        )
    try:
        drain()
        drain()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION kill_probe CASCADE")
    states = dict(HandlerRun.objects.values_list("event__payload__note", "state"))
    assert states == {"kill": "retrying", "1": "succeeded"}
    killed = HandlerRun.objects.get(event__payload__note="kill")
    assert killed.failed == 1


@pytest.mark.django_db(transaction=True)
def test_inline_execution_handles_after_the_commit(settings: Settings) -> None:
    settings.EVENTS_EXECUTION = "inline"
    with transaction.atomic():
        event_bus.publish(Pinged(note="x"))
        assert not Call.objects.exists()
    assert Call.objects.get().note == "x"


def test_inside_a_test_case_inline_execution_needs_its_callbacks_captured(
    settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """A TestCase never commits; what docs/publishing.md says of it."""
    settings.EVENTS_EXECUTION = "inline"
    event_bus.publish(Pinged(note="not executed"))
    assert not Call.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        event_bus.publish(Pinged(note="x"))
    assert set(Call.objects.values_list("note", flat=True)) == {"not executed", "x"}


@pytest.mark.django_db(transaction=True)
def test_inline_execution_leaves_nothing_however_long_it_takes(settings: Settings) -> None:
    settings.EVENTS_EXECUTION, settings.EVENTS_TURN_SECONDS = "inline", 0.1
    event_bus.publish_many(Pinged(note=str(number), seconds=0.005) for number in range(100))
    assert Call.objects.count() == 100


@pytest.mark.django_db(transaction=True)
def test_inline_execution_handles_what_handlers_publish(settings: Settings) -> None:
    settings.EVENTS_EXECUTION = "inline"
    event_bus.publish(Chained(note="x"))
    assert Call.objects.get().note == "x"
    assert not HandlerRun.objects.unfinished().exists()


@pytest.mark.django_db(transaction=True)
def test_inline_execution_does_not_fail_the_publisher(settings: Settings) -> None:
    settings.EVENTS_EXECUTION = "inline"
    event_bus.publish(Pinged(note="fail"))
    assert HandlerRun.objects.get().state == "retrying"


def test_the_turn_is_as_long_as_the_setting_says(settings: Settings) -> None:
    settings.EVENTS_TURN_SECONDS = 0.1
    make_runs(100)
    EventLog.objects.update(payload={"note": "", "seconds": 0.02})
    drain()
    assert HandlerRun.objects.unfinished().exists()


@pytest.mark.parametrize(
    ("limit", "claimed", "seconds", "expected"),
    [
        (1, 1, 0.01, 2),
        (1, 1, 0.03, 1),
        (64, 64, 0.01, 100),
        (100, 100, 0.01, 100),
        (8, 3, 0.01, 3),
        (8, 0, 0.01, 1),
        (8, 3, 0.6, 3),
        (8, 8, 0.3, 8),
        (8, 8, 0.6, 4),
        (1, 1, 9, 1),
    ],
)
def test_the_pace_doubles_while_quick_halves_when_slow_and_follows_the_backlog(
    limit: int, claimed: int, seconds: float, expected: int
) -> None:
    pace = Pace(0.05)
    pace.limit = limit
    pace.learn(claimed, seconds)
    assert pace.limit == expected


def test_what_is_dear_to_claim_is_claimed_in_larger_portions() -> None:
    pace = Pace(0.2)
    pace.learn(1, 0.09)
    assert pace.limit == 2


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10))))
def test_the_pace_stays_within_its_bounds(history: list[tuple[bool, float]]) -> None:
    pace = Pace(0.05)
    for full, seconds in history:
        pace.learn(pace.limit if full else 0, seconds)
        assert 1 <= pace.limit <= LARGEST_CLAIM
