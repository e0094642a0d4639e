"""LeasedWork, verb by verb, on handler runs."""

import threading
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from engagement.models import NotificationBatch
from events.bus import event_bus
from events.exceptions import LeaseLost
from events.models import EventLog, HandlerRun
from events.priority import Priority
from events.sql import fetch
from events.work import State, lanes, models_in, seconds_until_due
from tests.events.owed import (
    lapse_leases,
    make_due,
    make_runs,
    seconds_until_available,
    state_of,
    urgent,
)
from tests.probe.events import Ordered

pytestmark = pytest.mark.django_db


def test_a_claim_takes_the_first_under_one_fresh_token() -> None:
    runs = make_runs(3)
    claimed = HandlerRun.claim(2)
    assert [run.pk for run in claimed] == [runs[0].pk, runs[1].pk]
    assert {run.state for run in claimed} == {"running"}
    assert len({run.lease_token for run in claimed}) == 1
    assert HandlerRun.claim(2)[0].lease_token != claimed[0].lease_token


def test_a_lease_is_good_for_as_long_as_the_setting_says(settings: Settings) -> None:
    settings.EVENTS_LEASE_SECONDS = 40
    make_runs()
    HandlerRun.claim(1)
    assert 38 < (seconds_until_due("events") or 0) <= 40


def test_the_urgent_go_first_then_the_longest_due() -> None:
    runs = make_runs(4)
    urgent(runs[2])
    HandlerRun.objects.filter(pk=runs[3].pk).update(priority=Priority.BULK)
    assert [run.pk for run in HandlerRun.claim(10)] == [runs[2].pk, runs[0].pk, runs[1].pk, runs[3].pk]


def test_what_is_not_due_yet_is_left_alone() -> None:
    (run,) = make_runs()
    run.postpone(0, "")
    assert HandlerRun.claim(1)
    HandlerRun.objects.get().postpone(60, "later")
    assert not HandlerRun.claim(1)


def test_a_claim_is_one_statement_for_any_number_and_their_events(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_runs(50)
    with django_assert_num_queries(1):
        claimed = HandlerRun.claim(50)
        assert {run.event.payload["note"] for run in claimed} == {str(number) for number in range(50)}


def test_a_claim_loads_rows_as_django_does() -> None:
    make_runs(1)
    (claimed,) = HandlerRun.claim(1)
    loaded = HandlerRun.objects.select_related("event").get()
    fields = [field.attname for field in HandlerRun._meta.concrete_fields]
    assert [getattr(claimed, name) for name in fields] == [getattr(loaded, name) for name in fields]
    fields = [field.attname for field in EventLog._meta.concrete_fields]
    assert [getattr(claimed.event, name) for name in fields] == [
        getattr(loaded.event, name) for name in fields
    ]
    assert not claimed._state.adding
    assert not claimed.event._state.adding


def test_work_whose_event_is_gone_is_claimed_all_the_same() -> None:
    batch = NotificationBatch.objects.create(
        event_id=10**9, notifier="x", first_id=1, last_id=1, recipients=1, delete_at=timezone.now()
    )
    assert NotificationBatch.claim(1) == [batch]


def test_a_claim_inside_a_transaction_does_not_make_its_commit_any_weaker() -> None:
    make_runs(1)
    assert HandlerRun.claim(1)
    assert fetch("SHOW synchronous_commit") == [("on",)]


@pytest.mark.django_db(transaction=True)
def test_a_claim_by_itself_does_not_wait_for_the_disk_and_what_follows_does() -> None:
    with CaptureQueriesContext(connection) as queries:
        HandlerRun.claim(1)
    assert "set_config('synchronous_commit', 'off', TRUE)" in queries[0]["sql"]
    assert fetch("SHOW synchronous_commit") == [("on",)]


@pytest.mark.django_db(transaction=True)
def test_two_claims_at_once_share_the_work() -> None:
    make_runs(200)
    taken: list[list[int]] = []
    barrier = threading.Barrier(4)

    def claim() -> None:
        mine: list[int] = []
        barrier.wait()
        while claimed := HandlerRun.claim(7):
            mine += [run.pk for run in claimed]
        taken.append(mine)
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [pk for mine in taken for pk in mine]
    assert len(everything) == 200
    assert len(set(everything)) == 200


def test_completion_is_fenced_by_the_token() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    lapse_leases()
    HandlerRun.expire()
    with pytest.raises(LeaseLost, match=r"probe\.ping"):
        run.complete()
    assert state_of(run) == "retrying"


def test_completed_work_has_no_lease_and_a_time() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    run.complete()
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.lease_token, stored.lease_until) == ("succeeded", None, None)
    assert stored.finished_at is not None


def test_while_it_is_done_its_worker_may_be_silent_for_as_long_as_a_lease(settings: Settings) -> None:
    """A frozen worker keeps its row lock otherwise, and nobody else could take the work."""
    settings.EVENTS_LEASE_SECONDS = 77
    make_runs(2)
    for execution, silence in (("queue", "77s"), ("inline", "0")):
        settings.EVENTS_EXECUTION = execution
        (run,) = HandlerRun.claim(1)
        run.complete()
        assert fetch("SHOW idle_in_transaction_session_timeout") == [(silence,)]


def test_a_failure_is_retried_after_a_backoff(settings: Settings) -> None:
    settings.EVENTS_BACKOFF_SECONDS = 100
    make_runs()
    (run,) = HandlerRun.claim(1)
    assert run.fail("It broke.") == State.RETRYING
    stored = HandlerRun.objects.get()
    assert (stored.failed, stored.crashed, stored.last_error) == (1, 0, "It broke.")
    assert 49 < seconds_until_available(run) <= 150


def test_the_last_failure_makes_it_dead(settings: Settings) -> None:
    settings.EVENTS_MAX_ATTEMPTS = 2
    make_runs()
    for expected in (State.RETRYING, State.DEAD):
        make_due()
        (run,) = HandlerRun.claim(1)
        assert run.fail("It broke.") == expected
    stored = HandlerRun.objects.get()
    assert stored.finished_at is not None
    assert stored.failed == 2
    make_due()
    assert not HandlerRun.claim(1)


def test_a_failure_after_the_lease_was_lost_is_not_recorded() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    HandlerRun.release(run.lease_token)
    assert run.fail("It broke.") is None
    assert HandlerRun.objects.get().failed == 0


def test_an_error_that_no_column_takes_is_made_to_fit() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    run.fail("a\0b\ud800c" + "x" * 10_000)
    stored = HandlerRun.objects.get()
    assert stored.last_error.startswith("a\\0b?cxxx")
    assert len(stored.last_error) == 4000


def test_cancelled_work_keeps_the_reason() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    run.cancel("The product is gone.")
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.last_error) == ("cancelled", "The product is gone.")
    assert stored.finished_at is not None


def test_postponed_work_has_not_failed() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    run.postpone(50, "The kettle is not hot yet.")
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.failed, stored.crashed) == ("retrying", 0, 0)
    assert 48 < seconds_until_available(run) <= 50


def test_release_gives_back_what_is_left_uncounted() -> None:
    make_runs(3)
    claimed = HandlerRun.claim(3)
    claimed[0].complete()
    assert HandlerRun.release(claimed[0].lease_token) == 2
    assert [run.state for run in HandlerRun.objects.order_by("id")] == ["succeeded", "pending", "pending"]
    assert len(HandlerRun.claim(3)) == 2


def test_release_leaves_other_tokens_alone() -> None:
    make_runs(2)
    HandlerRun.claim(1)
    HandlerRun.claim(1)
    assert HandlerRun.release(uuid4()) == 0
    assert HandlerRun.objects.filter(state="running").count() == 2


def test_a_live_lease_does_not_expire() -> None:
    make_runs()
    HandlerRun.claim(1)
    assert HandlerRun.expire() == 0


def test_only_the_one_being_done_is_blamed_for_a_crash() -> None:
    runs = make_runs(100)
    claimed = HandlerRun.claim(100)
    for run in claimed[:40]:
        run.complete()
    lapse_leases()
    assert HandlerRun.expire() == 60
    stored = list(HandlerRun.objects.order_by("id"))
    assert [run.crashed for run in stored] == [0] * 40 + [1] + [0] * 59
    assert [run.state for run in stored[40:42]] == ["retrying", "pending"]
    assert seconds_until_available(runs[40]) > 1
    assert [run.pk for run in HandlerRun.claim(100)] == [run.pk for run in runs[41:]]


def test_the_blamed_is_the_first_in_the_order_of_the_claim() -> None:
    runs = make_runs(3)
    urgent(runs[2])
    HandlerRun.claim(3)
    lapse_leases()
    HandlerRun.expire()
    assert [HandlerRun.objects.get(pk=run.pk).crashed for run in runs] == [0, 0, 1]


def test_each_token_has_a_culprit_of_its_own() -> None:
    runs = make_runs(4)
    HandlerRun.claim(2)
    HandlerRun.claim(2)
    lapse_leases()
    HandlerRun.expire()
    assert [HandlerRun.objects.get(pk=run.pk).crashed for run in runs] == [1, 0, 1, 0]


def test_the_third_crash_makes_it_dead() -> None:
    make_runs()
    for expected in ("retrying", "retrying", "dead"):
        make_due()
        (run,) = HandlerRun.claim(1)
        lapse_leases()
        HandlerRun.expire()
        assert state_of(run) == expected
    stored = HandlerRun.objects.get()
    assert stored.finished_at is not None
    assert "worker process died" in stored.last_error
    assert "not tried again" in stored.last_error


@pytest.mark.django_db(transaction=True)
def test_while_its_worker_lives_nobody_is_blamed_and_the_neighbours_are_given_back() -> None:
    """A handler may take longer than the lease: the lock on its row says that it is alive."""
    runs = make_runs(3)
    begun, finish = threading.Event(), threading.Event()

    def work() -> None:
        claimed = HandlerRun.claim(3)
        with transaction.atomic():
            claimed[0].complete()
            begun.set()
            assert finish.wait(10)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert begun.wait(10)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_handlerrun SET lease_until = statement_timestamp() - interval '1 second' WHERE id = ANY(%s)",
            [[run.pk for run in runs[1:]]],
        )
    assert HandlerRun.expire() == 2
    finish.set()
    worker.join()
    stored = list(HandlerRun.objects.order_by("id"))
    assert [run.state for run in stored] == ["succeeded", "pending", "pending"]
    assert [run.crashed for run in stored] == [0, 0, 0]


def test_a_requeued_run_has_fresh_attempts() -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    run.cancel("A mistake.")
    assert HandlerRun.objects.all().requeue() == 1
    (again,) = HandlerRun.claim(1)
    assert (again.pk, again.failed, again.crashed, again.last_error) == (run.pk, 0, 0, "")


def test_unfinished_work_is_not_requeued() -> None:
    make_runs(2)
    HandlerRun.claim(1)
    assert HandlerRun.objects.all().requeue() == 0


def test_of_one_order_key_only_the_first_unfinished_is_claimed() -> None:
    for key, number in (("a", 1), ("a", 2), ("b", 1), ("a", 3)):
        event_bus.publish(Ordered(key=key, number=number))
    first = HandlerRun.claim(10)
    assert [(run.event.payload["key"], run.event.payload["number"]) for run in first] == [("a", 1), ("b", 1)]
    assert not HandlerRun.claim(10)
    first[0].fail("It broke.")
    assert not HandlerRun.claim(10), "a failed one still holds up its successors"
    make_due()
    (again,) = HandlerRun.claim(10)
    again.complete()
    (second,) = HandlerRun.claim(10)
    assert second.event.payload["number"] == 2


def test_a_dead_run_does_not_hold_up_its_successors(settings: Settings) -> None:
    settings.EVENTS_MAX_ATTEMPTS = 1
    event_bus.publish(Ordered(key="a", number=1))
    event_bus.publish(Ordered(key="a", number=2))
    (first,) = HandlerRun.claim(10)
    assert first.fail("It broke.") == State.DEAD
    assert len(HandlerRun.claim(10)) == 1


def test_what_waits_for_its_predecessor_is_not_due() -> None:
    event_bus.publish(Ordered(key="a", number=1))
    event_bus.publish(Ordered(key="a", number=2))
    assert (seconds_until_due("events") or 0) <= 0
    HandlerRun.claim(1)
    assert 80 < (seconds_until_due("events") or 0) <= 90, "only the lease is next"


def test_the_next_due_time_is_the_earliest_of_all() -> None:
    assert seconds_until_due("events") is None
    make_runs(2)
    for run, seconds in zip(HandlerRun.claim(2), (50, 20), strict=True):
        run.postpone(seconds, "")
    assert 18 < (seconds_until_due("events") or 0) <= 20


def test_the_lane_of_events_does_runs_before_batches() -> None:
    assert lanes() == ["events", "delivery"]
    assert models_in("events") == [HandlerRun, NotificationBatch]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "running"}, "running_has_lease"),
        ({"lease_token": uuid4()}, "running_has_lease"),
        ({"state": "succeeded"}, "terminal_is_finished"),
        ({"state": "sleeping"}, "state"),
        ({"priority": 3}, "priority"),
    ],
)
def test_the_database_keeps_the_invariants(changes: dict[str, object], constraint: str) -> None:
    make_runs()
    with pytest.raises(IntegrityError, match=f"handlerrun_{constraint}"):
        HandlerRun.objects.update(**changes)
