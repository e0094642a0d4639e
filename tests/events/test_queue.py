"""The door to django-q2: wake-ups and schedules."""

import logging
from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from pytest_django import Settings

from events import queue
from events.bus import event_bus
from events.models import EventLog
from events.sql import execute
from tests.cluster import run_python
from tests.probe.events import Pinged

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_publishing_enqueues_nothing_and_notifies_after_the_commit() -> None:
    with psycopg.connect(_address(), autocommit=True) as listener:
        listener.execute("LISTEN carillon_lane_events")
        with transaction.atomic():
            event_bus.publish(Pinged())
            assert not list(listener.notifies(timeout=0.1))
        assert [notice.channel for notice in listener.notifies(timeout=5, stop_after=1)] == [
            "carillon_lane_events"
        ]
    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_that_fails_does_not_fail_the_publisher(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(lane: str) -> None:
        raise ConnectionError("The broker is dead.")

    monkeypatch.setattr(queue, "wake", fail)
    with caplog.at_level(logging.ERROR):
        event_bus.publish(Pinged())
    assert EventLog.objects.exists()
    assert "The broker is dead." in caplog.text


def test_the_clean_up_is_scheduled_by_itself_and_once() -> None:
    Schedule.objects.all().delete()
    queue.ensure_schedules()
    queue.ensure_schedules()
    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.schedule_type) == ("events.cleanup.clean_up", Schedule.HOURLY)


def test_a_schedule_that_an_operator_changed_stays_changed() -> None:
    queue.ensure_schedules()
    Schedule.objects.update(schedule_type=Schedule.DAILY)
    queue.ensure_schedules()
    assert Schedule.objects.get().schedule_type == Schedule.DAILY


def test_migrate_creates_the_schedules() -> None:
    Schedule.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert Schedule.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_migrating_the_bus_alone_is_no_error_and_the_rest_creates_the_schedules() -> None:
    name = "test_migrated_in_parts"
    execute(f"DROP DATABASE IF EXISTS {name}")
    execute(f"CREATE DATABASE {name}")
    try:
        assert _schedules_after("events", name) == "False"
        assert _schedules_after("", name) == "True"
    finally:
        execute(f"DROP DATABASE {name} WITH (FORCE)")


def _schedules_after(app: str, database: str) -> str:
    """Migrate an app, or all, in a process of its own; return whether there are schedules, as it prints it."""
    program = "from django.core.management import call_command as call; from events.sql import fetch"
    program += f"; call('migrate', *{app.split()!r}, verbosity=0)"
    program += "; there = fetch(\"SELECT to_regclass('django_q_schedule') IS NOT NULL\")[0][0]"
    program += "; print(there and bool(fetch('SELECT count(*) FROM django_q_schedule')[0][0]))"
    return run_python(program, {"DATABASE_NAME": database})


def test_with_another_broker_each_lane_is_drained_each_minute(settings: Settings) -> None:
    settings.Q_CLUSTER = {"name": "shop", "redis": {}, "ALT_CLUSTERS": {"delivery": {}}}
    Schedule.objects.all().delete()
    queue.ensure_schedules()
    drains = Schedule.objects.filter(func="events.drain.drain", schedule_type=Schedule.MINUTES, minutes=1)
    assert {(each.args, each.cluster) for each in drains} == {
        ("('events',)", "shop"),
        ("('delivery',)", "delivery"),
    }


def test_old_results_are_pruned_failures_included() -> None:
    for number, age in enumerate((1, 8, 9)):
        Task.objects.create(
            id=str(number),
            name=str(number),
            func="x",
            started=timezone.now(),
            stopped=timezone.now() - timedelta(days=age),
            success=number == 1,
        )
    with CaptureQueriesContext(connection) as statements:
        assert queue.prune_results(batch=1) == 2
    assert (Success.objects.count(), Failure.objects.count()) == (0, 1)
    assert len(statements) == 3, "no row is loaded to be deleted"


def _address() -> str:
    found = connection.get_connection_params()
    names = ("dbname", "user", "host", "port", "password")
    return " ".join(f"{name}={found[name]}" for name in names if found.get(name))
