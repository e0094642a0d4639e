"""Real qcluster processes on the test database: they share, they survive, they double nothing."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.db import connection
from django_q.models import Schedule

from engagement.models import AppNotification, NotifiableEvent
from events import queue
from events.bus import EventTypes, event_bus
from events.models import EventLog, HandlerRun
from tests.cluster import Cluster, Watched, run_python, unfinished
from tests.conftest import make_people, need
from tests.polling import eventually
from tests.probe.events import (
    Awaited,
    Chained,
    Doubled,
    Forked,
    Hurried,
    Pinged,
    Poisoned,
    Stalled,
    Told,
)
from tests.probe.models import Call
from tests.services import free_port, redis_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

#: Short leases and quick retries, so that what the dead held comes back soon.
QUICK: dict[str, Any] = {"lease": 4, "timeout": 3, "retry": 8, "backoff": 0.2, "turn": 1}


def all_done() -> bool:
    """Tell whether nothing is owed."""
    return unfinished() == 0


def test_a_published_event_is_handled_when_it_is_committed_not_when_it_is_polled() -> None:
    """The poll is longer than anybody waits here: only LISTEN can wake the worker in time."""
    with Cluster(poll=120) as cluster:
        for number in range(5):
            event_bus.publish(Pinged(note=str(number)))
            eventually(lambda: Call.objects.count() == number + 1, what=f"event {number} is handled")  # noqa: B023
        workers = {process.pid for process in cluster.workers()}
    assert set(Call.objects.values_list("process", flat=True)) <= workers


def test_siblings_have_fates_of_their_own_and_each_is_done_once(setup_async_environment: Cluster) -> None:
    event_bus.publish(Forked())
    eventually(lambda: Call.objects.count() == 2 and HandlerRun.objects.filter(failed=1).exists())
    states = dict(HandlerRun.objects.values_list("handler", "state"))
    assert states == {"probe.left": "succeeded", "probe.right": "succeeded", "probe.broken": "retrying"}


def test_two_handlers_of_an_event_run_side_by_side_on_two_workers(setup_async_environment: Cluster) -> None:
    event_bus.publish(Doubled(seconds=2))
    eventually(lambda: Call.objects.count() == 2)
    first, second = Call.objects.order_by("began")
    assert first.process != second.process
    assert second.began < first.at, "the second began before the first had ended"


def test_what_a_handler_publishes_and_coroutines_are_handled_too(setup_async_environment: Cluster) -> None:
    event_bus.publish(Chained(note="chained"))
    event_bus.publish(Awaited(note="awaited"))
    eventually(lambda: set(Call.objects.values_list("note", flat=True)) == {"chained", "awaited"})


def test_an_urgent_run_need_not_wait_for_a_thousand_slow_ones(setup_async_environment: Cluster) -> None:
    """Which take 25 seconds. It starts within a few rows, 0.1 s here; the bounds allow for a machine that is busy."""
    event_bus.publish_many(Pinged(seconds=0.05) for _ in range(1000))
    eventually(lambda: Call.objects.count() > 20)
    published = event_bus.publish(Hurried(note="urgent")).occurred_at
    urgent = eventually(lambda: Call.objects.filter(note="urgent").first(), timeout=30)
    assert urgent
    assert Call.objects.filter(began__lt=urgent.began).count() < 250
    assert HandlerRun.objects.unfinished().count() > 500
    assert urgent.began - published < timedelta(seconds=5)


def test_a_poisoned_run_is_dead_after_three_crashes_and_takes_nobody_with_it() -> None:
    events = [Poisoned(poison=number == 37) for number in range(100)]
    event_bus.publish_many(events)
    poison = HandlerRun.objects.get(event__payload__poison=True)
    with Cluster(**QUICK):
        eventually(all_done, timeout=60)
        poison.refresh_from_db()
        assert (poison.state, poison.crashed) == ("dead", 3)
        assert "worker process died" in poison.last_error
        innocent = HandlerRun.objects.exclude(pk=poison.pk)
        assert set(innocent.values_list("state", flat=True)) == {"succeeded"}
        assert Call.objects.filter(handler="swallow").count() == 99
        event_bus.publish(Pinged(note="after"))
        eventually(lambda: Call.objects.filter(note="after").exists(), what="the cluster still works")


def test_a_time_out_is_a_failure_even_in_the_database() -> None:
    with Cluster(**QUICK):
        event_bus.publish(Stalled(seconds=30))
        event_bus.publish(Pinged(note="meanwhile"))
        eventually(lambda: HandlerRun.objects.filter(failed__gte=1).exists(), timeout=20)
        run = HandlerRun.objects.get(handler="probe.stall")
        assert run.crashed == 0
        assert "TimeoutException: Task exceeded maximum timeout value (3 seconds)" in run.last_error
        assert not Call.objects.filter(handler="stall").exists()
        eventually(lambda: Call.objects.filter(note="meanwhile").exists())


def test_killed_at_random_moments_nothing_is_lost_and_nothing_doubled() -> None:
    """Two thousand events of one person each, and a SIGKILL for a worker every few moments."""
    people = make_people(20)
    chance = random.Random(7)
    kills = 0
    with Watched(**QUICK, workers=3, stall=2) as cluster:
        for start in range(0, 2000, 50):
            event_bus.publish_many(Told(people=[people[number % 20]]) for number in range(start, start + 50))
            time.sleep(chance.uniform(0, 0.1))  # the moment of the kill is the point
            kills += kill_a_worker(cluster, chance)
        for _ in range(10):
            time.sleep(chance.uniform(0, 0.2))
            kills += kill_a_worker(cluster, chance)
        eventually(all_done, timeout=120, what="everything is done")
    assert kills > 10
    assert HandlerRun.objects.filter(crashed__gt=0).exists(), "no kill hit a worker amid its work"
    assert not HandlerRun.objects.exclude(state="succeeded").exists()
    assert EventLog.objects.count() == 2000
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 2000
    assert AppNotification.objects.values("event__event_log").distinct().count() == 2000
    assert {AppNotification.objects.filter(person_id=pk).count() for pk in people} == {100}


def kill_a_worker(cluster: Cluster, chance: random.Random) -> int:
    """Kill one worker process with SIGKILL; return how many were killed."""
    try:
        chance.choice(cluster.workers()).kill()
    except (psutil.NoSuchProcess, ValueError, IndexError):  # the watchdog is just starting the cluster anew
        return 0
    return 1


def test_a_whole_cluster_killed_amid_its_work_loses_nothing() -> None:
    event_bus.publish_many(Pinged(note=str(number), seconds=0.02) for number in range(200))
    with Cluster(**QUICK) as cluster:
        eventually(lambda: Call.objects.count() > 20)
        os.killpg(cluster.pid, signal.SIGKILL)
    done = Call.objects.count()
    assert done < 200
    with Cluster(**QUICK):
        eventually(all_done, timeout=60)
    assert sorted(Call.objects.values_list("note", flat=True)) == sorted(str(number) for number in range(200))


def test_a_task_enqueued_by_its_path_survives_the_same() -> None:
    for number in range(100):
        event_bus.enqueue_task(
            "tests.probe.tasks.jot", {"note": "jotted", "number": number}, EventTypes.PRODUCT_CREATED
        )
    with Cluster(**QUICK) as cluster:
        eventually(lambda: Call.objects.count() > 5)
        os.killpg(cluster.pid, signal.SIGKILL)
    with Cluster(**QUICK):
        eventually(all_done, timeout=60)
    assert sorted(Call.objects.values_list("event_log_id", flat=True)) == list(range(100))


def test_a_hanging_worker_loses_its_lease_and_its_late_work_is_rolled_back() -> None:
    """SIGSTOP past the lease, SIGCONT: the fence holds."""
    with Cluster(**QUICK, workers=1) as stopped:
        event_bus.publish(Pinged(note="x", seconds=1))
        eventually(lambda: HandlerRun.objects.filter(state="running").exists())
        (worker,) = stopped.workers()
        worker.send_signal(signal.SIGSTOP)
        with Cluster(**QUICK):
            # The row lock of the stopped worker says that it lives, until it has been silent for as long as a lease.
            eventually(all_done, timeout=30)
        worker.send_signal(signal.SIGCONT)
        eventually(lambda: not worker.is_running() or worker.status() != "stopped")
    assert Call.objects.count() == 1
    assert HandlerRun.objects.get().state == "succeeded"


def test_two_clusters_share_the_work_and_nothing_is_handled_twice() -> None:
    event_bus.publish_many(Pinged(note=str(number), seconds=0.01) for number in range(300))
    with Cluster() as one, Cluster() as two:
        mine = {process.pid for process in one.workers()}
        theirs = {process.pid for process in two.workers()}
        eventually(all_done, timeout=60)
    processes = set(Call.objects.values_list("process", flat=True))
    assert processes & mine
    assert processes & theirs
    assert sorted(Call.objects.values_list("note", flat=True)) == sorted(str(number) for number in range(300))


def test_it_stops_when_asked_and_gives_back_what_it_held() -> None:
    event_bus.publish_many(Pinged(seconds=0.05) for _ in range(200))
    with Cluster() as cluster:
        eventually(lambda: Call.objects.count() > 5)
        assert cluster.stop() == 0
    assert not HandlerRun.objects.filter(state="running").exists()
    assert HandlerRun.objects.unfinished().exists()
    assert set(HandlerRun.objects.unfinished().values_list("crashed", "failed")) == {(0, 0)}


def test_it_works_on_after_the_database_was_gone() -> None:
    with Cluster(**QUICK):
        event_bus.publish(Pinged(note="before"))
        eventually(lambda: Call.objects.filter(note="before").exists())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        event_bus.publish(Pinged(note="after"))
        eventually(lambda: Call.objects.filter(note="after").exists())


def test_the_clean_up_runs_as_a_scheduled_task(setup_async_environment: Cluster) -> None:
    """The schedule is there by itself; django-q2 looks at schedules about every thirty seconds."""
    event_bus.publish(Pinged())
    eventually(all_done)
    EventLog.objects.update(delete_at="2020-01-01 00:00:00+00:00")
    Schedule.objects.update(next_run="2020-01-01 00:00:00+00:00")
    eventually(lambda: not EventLog.objects.exists(), timeout=45)
    assert Schedule.objects.get(func="events.cleanup.clean_up").next_run.year >= 2026


def test_a_retried_run_creates_no_second_notification(
    setup_async_environment: Cluster, wait_for_notifications: Callable[..., Any]
) -> None:
    people = make_people(3)
    event_bus.publish(Told(people=people))
    wait_for_notifications({"person__in": people}, expected_count=3)
    eventually(all_done)
    HandlerRun.objects.all().requeue()
    queue.wake("events")
    eventually(all_done)
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 3


def test_a_publisher_killed_between_its_commit_and_its_notify_is_noticed_by_polling() -> None:
    program = "import os; from django.db import transaction; from tests.probe.events import *"
    program += "; die = lambda: os.kill(os.getpid(), 9)"
    program += "; publish = lambda: (transaction.on_commit(die), event_bus.publish(Pinged(note='x')))"
    program += "; transaction.atomic(publish)()"
    with Cluster(poll=0.5):
        with pytest.raises(subprocess.CalledProcessError):
            run_python(program)
        eventually(lambda: Call.objects.count() == 1, what="the next poll finds what nobody announced")


def test_with_redis_as_the_broker_a_commit_wakes_a_worker_too() -> None:
    need("redis-server")
    with redis_server() as address, Cluster(**QUICK, redis=address):
        run_python("from tests.probe.events import *; event_bus.publish(Pinged(note='x'))", redis=address)
        eventually(all_done, timeout=20)
    assert Call.objects.get().note == "x"


def test_what_redis_has_forgotten_is_drained_all_the_same() -> None:
    """A wake-up that is lost costs time, never an event: the schedule of each minute finds the work."""
    need("redis-server")
    event_bus.publish_many(Pinged(note=str(number)) for number in range(50))
    with redis_server() as address:
        run_python("from events import queue; queue.ensure_schedules()", redis=address)
        with Cluster(**QUICK, redis=address):
            eventually(all_done, timeout=60)
    assert Call.objects.count() == 50


def test_a_broker_that_refuses_connections_fails_no_publisher() -> None:
    """Nobody listens at this address."""
    assert _seconds_to_publish(f"redis://127.0.0.1:{free_port()}/0") < 5
    assert HandlerRun.objects.get().state == "pending"


def test_a_broker_that_never_answers_delays_a_publisher_by_its_time_out_and_fails_none() -> None:
    """It accepts connections, and that is all: a machine that swaps, or a firewall that drops."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0?socket_connect_timeout=1&socket_timeout=2"
        assert 1.5 < _seconds_to_publish(address) < 10
    assert HandlerRun.objects.get().state == "pending"


def _seconds_to_publish(redis: str) -> float:
    program = "import time; from tests.probe.events import *; start = time.monotonic()"
    program += "; event_bus.publish(Pinged(note='x')); print(time.monotonic() - start)"
    return float(run_python(program, redis=redis).splitlines()[-1])
