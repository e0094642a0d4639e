"""The clean-up: what has expired goes, what is owed stays."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from freezegun import freeze_time
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from events.bus import event_bus
from events.cleanup import clean_up
from events.drain import drain
from events.models import EventLog, HandlerRun
from events.sql import fetch
from events.work import State
from tests.events.big import fill
from tests.events.owed import make_runs
from tests.polling import eventually
from tests.probe.events import Pinged, Unheard

pytestmark = pytest.mark.django_db

PUBLISHED = "2026-01-01 12:00:00+00:00"
KEPT = "2026-04-01 11:59:59+00:00"
EXPIRED = "2026-04-01 12:00:01+00:00"


def publish_long_ago() -> None:
    """Publish an event whose ninety days end on the first of April at noon."""
    with freeze_time(PUBLISHED):
        event_bus.publish(Pinged())


def finish(state: State, at: str = PUBLISHED) -> None:
    """Let every run have ended like this."""
    HandlerRun.objects.update(state=state, finished_at=at)


def clean_up_at(moment: str) -> int:
    """Clean up as if it were then; return how many events went."""
    with freeze_time(moment):
        return clean_up()["events.EventLog"]


def test_an_event_goes_when_its_time_is_up_and_not_before() -> None:
    publish_long_ago()
    finish(State.SUCCEEDED)
    assert clean_up_at(KEPT) == 0
    assert clean_up_at(EXPIRED) == 1
    assert not EventLog.objects.exists()
    assert not HandlerRun.objects.exists()


def test_an_event_that_nobody_heard_goes_too() -> None:
    with freeze_time(PUBLISHED):
        event_bus.publish(Unheard())
    assert clean_up_at(EXPIRED) == 1


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (State.PENDING, {}),
        (State.RETRYING, {}),
        (State.RUNNING, {"lease_token": "4f4e9b8e-3f5c-4d8e-9a65-0d9d0a1f8a35", "lease_until": PUBLISHED}),
    ],
)
def test_an_event_that_is_still_owed_stays(state: State, changes: dict[str, str]) -> None:
    publish_long_ago()
    HandlerRun.objects.update(state=state, **changes)
    assert clean_up_at(EXPIRED) == 0
    assert HandlerRun.objects.exists()


def test_a_dead_run_keeps_its_event_for_ninety_days() -> None:
    publish_long_ago()
    finish(State.DEAD, at="2026-03-30 12:00:00+00:00")
    assert clean_up_at(EXPIRED) == 0
    assert clean_up_at("2026-06-28 11:00:00+00:00") == 0
    assert clean_up_at("2026-06-28 13:00:00+00:00") == 1


def test_one_owed_run_keeps_its_siblings() -> None:
    with freeze_time(PUBLISHED):
        event_bus.publish("test.forked")
    finish(State.SUCCEEDED)
    HandlerRun.objects.filter(handler="probe.left").update(state=State.RETRYING, finished_at=None)
    assert clean_up_at(EXPIRED) == 0
    assert HandlerRun.objects.count() == 3


def test_an_events_own_retention_counts(settings: Settings) -> None:
    settings.EVENTS_RETENTION = timedelta(days=1)
    publish_long_ago()
    finish(State.SUCCEEDED)
    assert clean_up_at("2026-01-02 12:00:01+00:00") == 1


def test_it_takes_short_statements_of_so_many_rows(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    fill(25, expired=25)
    with django_assert_num_queries(6):
        total = 0
        while count := EventLog.delete_expired(timezone.now(), 10):
            total += count
            if count < 10:
                break
    assert total == 25


def test_it_goes_on_until_nothing_is_left() -> None:
    fill(250, expired=230)
    assert clean_up(batch=100)["events.EventLog"] == 230
    assert EventLog.objects.count() == 20


def test_no_cascade_collector_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def collect(*args: object, **kwargs: object) -> None:
        raise AssertionError("The collector was used.")

    fill(10, expired=10)
    monkeypatch.setattr("django.db.models.deletion.Collector.collect", collect)
    with freeze_time(timezone.now()):
        assert EventLog.delete_expired(timezone.now(), 100) == 10


@pytest.mark.django_db(transaction=True)
def test_what_another_transaction_has_locked_is_skipped() -> None:
    fill(10, expired=10)
    locked, finish_up = threading.Event(), threading.Event()

    def lock() -> None:
        with transaction.atomic():
            list(EventLog.objects.select_for_update().order_by("id")[:3])
            locked.set()
            assert finish_up.wait(10)
        connection.close()

    other = threading.Thread(target=lock)
    other.start()
    assert locked.wait(10)
    try:
        assert EventLog.delete_expired(timezone.now(), 100) == 7
    finally:
        finish_up.set()
        other.join()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_requeued_while_its_event_is_being_deleted_stays_with_it() -> None:
    """The clean-up has seen it finished, and waits for its row; then the requeue commits."""
    publish_long_ago()
    publish_long_ago()
    drain()
    requeued = HandlerRun.objects.order_by("id")[0]
    locked, deleting = threading.Event(), threading.Event()

    def requeue() -> None:
        with transaction.atomic():
            HandlerRun.objects.filter(pk=requeued.pk).requeue()
            locked.set()
            assert deleting.wait(10)
        connection.close()

    other = threading.Thread(target=requeue)
    other.start()
    assert locked.wait(10)
    watcher = threading.Thread(target=_when_somebody_waits_for_a_row, args=[deleting])
    watcher.start()
    assert EventLog.delete_expired(timezone.now() + timedelta(days=1), 100) == 1
    other.join()
    watcher.join()
    assert [(run.pk, run.state) for run in HandlerRun.objects.all()] == [(requeued.pk, "pending")]
    assert EventLog.objects.get().pk == requeued.event_id


def _when_somebody_waits_for_a_row(event: threading.Event) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    try:
        eventually(lambda: fetch(waiting), what="the clean-up waits for the run")
    finally:
        event.set()
        connection.close()


@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    fates=st.lists(
        st.tuples(st.sampled_from(["succeeded", "cancelled", "dead", "pending", "retrying"]), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_nothing_that_is_owed_is_ever_deleted(fates: list[tuple[str, bool]]) -> None:
    EventLog.objects.all().delete()
    owed = set()
    for state, expired in fates:
        (run,) = make_runs()
        finished = None if state in {"pending", "retrying"} else timezone.now()
        HandlerRun.objects.filter(pk=run.pk).update(state=state, finished_at=finished)
        if expired:
            EventLog.objects.filter(pk=run.event_id).update(delete_at=timezone.now() - timedelta(days=1))
        if not expired or state in {"pending", "retrying", "dead"}:
            owed.add(run.pk)
    clean_up(batch=2)
    assert set(HandlerRun.objects.values_list("pk", flat=True)) == owed


def test_the_command_says_what_went() -> None:
    fill(5, expired=5)
    call_command("clean_up")
    assert not EventLog.objects.exists()


def test_published_handled_and_forgotten() -> None:
    with freeze_time(PUBLISHED):
        event_bus.publish(Pinged())
    drain()
    assert clean_up_at(EXPIRED) == 1
