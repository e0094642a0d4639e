"""manage.py worker: clusters that hang or die are started anew."""

import signal
import sys
import time
from typing import Any

import psutil
import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from events.bus import event_bus
from events.models import HandlerRun
from events.sql import fetch
from events.watchdog import Cluster, first_in_line, is_busy
from tests.cluster import Process, Watched
from tests.events.owed import lapse_leases, make_runs, urgent
from tests.polling import eventually
from tests.probe.events import Pinged
from tests.probe.models import Call

QUICK: dict[str, Any] = {"lease": 4, "timeout": 3, "retry": 8, "backoff": 0.2, "turn": 1, "stall": 3}


def handled(note: str) -> bool:
    """Tell whether the event with this note was handled."""
    return Call.objects.filter(note=note).exists()


def publish_and_wait(note: str, timeout: float = 30) -> None:
    """Publish an event and wait until it has been handled."""
    event_bus.publish(Pinged(note=note))
    eventually(lambda: handled(note), timeout=timeout, what=f"{note} is handled")


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_hangs_after_its_idle_workers_were_killed_is_started_anew() -> None:
    """Trap 1 of django-q2: the dead reader keeps the lock of the queue, and nobody takes tasks any more."""
    with Watched(**QUICK) as cluster:
        publish_and_wait("before")
        main = cluster.main()
        idle = cluster.workers()
        for worker in idle:
            worker.kill()
        psutil.wait_procs(idle, timeout=10)
        eventually(lambda: "reincarnated" in cluster.log(), what="the guard has replaced them")
        event_bus.publish(Pinged(note="after"))
        time.sleep(1.5)  # three polls of the pusher: enough for a healthy cluster
        assert not handled("after"), "the cluster hangs, or this test shows nothing"
        assert main.is_running()
        eventually(lambda: handled("after"), timeout=30, what="the watchdog has started the cluster anew")
        assert "has not claimed due work for 3 s" in cluster.log()
        assert cluster.main().pid != main.pid
        assert not main.is_running()
        publish_and_wait("long after")


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("victim", ["main", "sentinel"])
def test_a_cluster_without_its_head_is_killed_as_a_whole_and_started_anew(victim: str) -> None:
    """Traps 3: its workers would go on, unsupervised."""
    with Watched(**QUICK) as cluster:
        publish_and_wait("before")
        head = cluster.main()
        members = [head, *head.children(recursive=True)]
        (head if victim == "main" else cluster.sentinel()).kill()
        eventually(lambda: not any(_lives(process) for process in members), timeout=15)
        publish_and_wait("after")


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_a_busy_cluster_is_left_alone() -> None:
    """Long work is no hang: its leases are alive."""
    with Watched(**QUICK | {"stall": 1, "workers": 1}) as cluster:
        main = cluster.main().pid
        event_bus.publish_many(Pinged(note=str(number), seconds=2) for number in range(4))
        eventually(lambda: Call.objects.count() == 4, timeout=30)
        assert cluster.main().pid == main
        assert "anew" not in cluster.log()


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_starts_slower_than_the_patience_gets_there_all_the_same() -> None:
    event_bus.publish(Pinged(note="waiting"))
    with Watched(**QUICK | {"stall": 0.5, "slow_start": 3}) as cluster:
        eventually(lambda: handled("waiting"), timeout=90, what="it was given the time")
        assert "has not claimed due work" in cluster.log(), "it was in time, and this test shows nothing"


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_with_everything_when_asked(number: signal.Signals) -> None:
    with Watched(**QUICK) as cluster:
        publish_and_wait("before")
        members = cluster.descendants()
        cluster.popen.send_signal(number)
        assert cluster.popen.wait(20) == 0
        assert not any(_lives(process) for process in members)


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent has died")
def test_killed_itself_it_leaves_no_cluster_behind() -> None:
    with Watched(**QUICK) as cluster:
        publish_and_wait("before")
        members = cluster.descendants()
        cluster.popen.kill()
        eventually(lambda: not any(_lives(process) for process in members), timeout=20)


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_an_unknown_lane_is_refused() -> None:
    with Process("worker", "--lane", "nowhere") as command:
        assert command.popen.wait(30) == 1
        assert "There is no lane nowhere; the lanes are: events, delivery." in command.log()


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_drain_forever_is_the_way_without_django_q() -> None:
    with Process("drain", "--forever", **QUICK) as command:
        publish_and_wait("first")
        publish_and_wait("second")
        assert command.stop() == 0
        assert "Stopped." in command.log()


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_drain_forever_outlives_its_connection() -> None:
    """It is lost while it waits for a NOTIFY: psycopg's error, which Django does not translate."""
    with Process("drain", "--forever", **QUICK) as command:
        publish_and_wait("before")
        eventually(lambda: terminate(command.name), what="the command has a connection to lose")
        publish_and_wait("after")
        assert command.popen.poll() is None, command.log()


def terminate(name: str) -> int:
    """End the connections of this name from the server's side; return how many."""
    return len(
        fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [name])
    )


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
def test_drain_once_does_what_is_due() -> None:
    event_bus.publish_many([Pinged(), Pinged()])
    with Process("drain") as command:
        assert command.popen.wait(30) == 0
        assert "2 done." in command.log()


@pytest.fixture
def cluster() -> Cluster:
    """What the watchdog knows of a cluster, without processes."""
    return Cluster("events", ["events"])


@pytest.mark.django_db
def test_the_same_work_first_in_line_for_too_long_is_a_stall(cluster: Cluster, settings: Settings) -> None:
    settings.EVENTS_STALL_SECONDS = 0.05
    make_runs(2)
    assert not cluster._is_stuck()
    time.sleep(0.1)  # real time passes for a watchdog
    assert cluster._is_stuck()


@pytest.mark.django_db
def test_the_patience_doubles_until_something_is_claimed(cluster: Cluster, settings: Settings) -> None:
    settings.EVENTS_STALL_SECONDS = 10
    make_runs(2)
    cluster.unclaimed = first_in_line(["events"]) or []
    for stalls, patience in ((0, 10), (1, 20), (2, 40), (5, 300), (1000, 300)):
        cluster.stalls = stalls
        assert not cluster._is_stuck()
        assert cluster.patience == patience
    urgent(make_runs()[0])
    assert not cluster._is_stuck()
    assert cluster.stalls == 1000, "another is first in line, but nobody has claimed anything"
    HandlerRun.claim(2)
    assert not cluster._is_stuck()
    assert (cluster.stalls, cluster.patience) == (0, 10)


@pytest.mark.django_db
def test_work_that_moves_is_no_stall(cluster: Cluster, settings: Settings) -> None:
    settings.EVENTS_STALL_SECONDS = 0.05
    make_runs(3)
    assert not cluster._is_stuck()
    time.sleep(0.1)  # the same
    (run,) = HandlerRun.claim(1)
    run.complete()
    assert not cluster._is_stuck()


@pytest.mark.django_db
def test_nothing_due_is_no_stall(cluster: Cluster) -> None:
    assert first_in_line(["events"]) is None
    assert not cluster._is_stuck()


@pytest.mark.django_db
def test_a_live_lease_means_busy_and_one_that_ran_out_does_not() -> None:
    make_runs(2)
    assert not is_busy("events", ["events"])
    HandlerRun.claim(1)
    assert is_busy("events", ["events"])
    lapse_leases()
    assert not is_busy("events", ["events"])


@pytest.mark.django_db
def test_an_ordinary_task_in_the_hands_of_a_worker_means_busy() -> None:
    task = OrmQ.objects.create(key="events", payload="x", lock=timezone.now())
    assert not is_busy("events", ["events"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_ormq SET lock = now() + interval '180 seconds'")
    assert is_busy("events", ["events"])
    assert not is_busy("other", [])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_ormq SET lock = now() + interval '110 seconds'")
    assert not is_busy("events", ["events"]), "longer than the time-out"
    task.delete()
