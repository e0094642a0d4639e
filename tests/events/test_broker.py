"""PostgresBroker: drains for what is due, ordinary tasks as before."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from django.db import connection
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from pytest_django import Settings

from events.broker import PostgresBroker, clusters
from events.models import HandlerRun
from tests.events.owed import lapse_leases, make_runs, seconds_until_available

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker() -> Iterator[PostgresBroker]:
    """The broker of the default cluster, as a pusher has it."""
    yield PostgresBroker("events")
    connection.close()


def functions(tasks: list[tuple[int | None, str]] | None) -> list[tuple[str, tuple[str, ...], int | None]]:
    """Return the (function, arguments, acknowledgement id)s of dequeued tasks."""
    packages = [(SignedPackage.loads(package), acknowledge) for acknowledge, package in tasks or []]
    return [(task["func"], task["args"], acknowledge) for task, acknowledge in packages]


@pytest.fixture
def never_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll so seldom that only LISTEN, or something becoming due, can end a wait within a test."""
    monkeypatch.setattr(Conf, "POLL", 600)


def next_tasks(broker: PostgresBroker) -> list[tuple[int | None, str]]:
    """Dequeue until there is something."""
    while not (tasks := broker.dequeue()):
        pass
    return tasks


DRAIN = ("events.drain.drain", ("events",), None)


def test_due_work_is_a_drain_without_an_acknowledgement(broker: PostgresBroker) -> None:
    make_runs()
    assert functions(broker.dequeue()) == [DRAIN]
    assert not OrmQ.objects.exists()


def test_while_nothing_is_due_it_returns_nothing(broker: PostgresBroker) -> None:
    assert not broker.dequeue()


def later(action: Callable[[], object]) -> threading.Timer:
    """Do something in another thread in a moment, on a connection of its own."""

    def act() -> None:
        action()
        connection.close()

    timer = threading.Timer(0.05, act)
    timer.start()
    return timer


@pytest.mark.usefixtures("never_poll")
def test_a_commit_wakes_it_up(broker: PostgresBroker) -> None:
    for _ in range(5):
        HandlerRun.objects.all().delete()
        timer = later(make_runs)
        tasks = next_tasks(broker)
        timer.join()
        assert functions(tasks) == [DRAIN]


@pytest.mark.usefixtures("never_poll")
def test_it_wakes_up_when_something_becomes_due(broker: PostgresBroker) -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    run.postpone(0.2, "")
    assert functions(next_tasks(broker)) == [DRAIN]
    assert seconds_until_available(run) <= 0


def test_an_expired_lease_is_due(broker: PostgresBroker) -> None:
    make_runs()
    HandlerRun.claim(1)
    assert not broker.dequeue()
    lapse_leases()
    assert functions(broker.dequeue()) == [DRAIN]


def test_what_stays_due_is_handed_out_again_ever_more_slowly(broker: PostgresBroker) -> None:
    make_runs()
    moments = []
    for _ in range(8):
        assert broker.dequeue()
        moments.append(time.monotonic())
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses[0] < 0.06
    assert pauses[-1] > 0.09


def test_ordinary_tasks_are_taken_once_and_locked(broker: PostgresBroker) -> None:
    broker.enqueue(SignedPackage.dumps({"func": "a.b", "args": ()}))
    ((acknowledge, _),) = broker.dequeue() or []
    row = OrmQ.objects.get()
    assert acknowledge == row.pk
    assert not broker.dequeue()
    broker.acknowledge(row.pk)
    assert not OrmQ.objects.exists()


def test_an_ordinary_task_that_was_not_acknowledged_comes_back(broker: PostgresBroker) -> None:
    broker.enqueue(SignedPackage.dumps({"func": "a.b", "args": ()}))
    assert broker.dequeue()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_ormq SET lock = lock - interval '181 seconds'")
    assert broker.dequeue()


@pytest.mark.usefixtures("never_poll")
def test_ordinary_tasks_wake_it_up_too(broker: PostgresBroker) -> None:
    timer = later(lambda: PostgresBroker("events").enqueue(SignedPackage.dumps({"func": "a.b", "args": ()})))
    tasks = next_tasks(broker)
    timer.join()
    assert functions(tasks)[0][0] == "a.b"


def test_two_brokers_do_not_get_the_same_task(broker: PostgresBroker) -> None:
    for number in range(20):
        broker.enqueue(SignedPackage.dumps({"func": "a.b", "args": (number,)}))
    taken: list[int] = []

    def take() -> None:
        other = PostgresBroker("events")
        while len(taken) < 20:
            taken.extend(task[1][0] for task in functions(other.dequeue()))  # type: ignore[misc]
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(taken) == list(range(20))


def test_tasks_of_another_cluster_are_left_alone(broker: PostgresBroker) -> None:
    PostgresBroker("other").enqueue(SignedPackage.dumps({"func": "a.b", "args": ()}))
    assert not broker.dequeue()


def test_a_cluster_without_a_lane_hands_out_no_drains() -> None:
    make_runs()
    assert not PostgresBroker("other").dequeue()
    connection.close()


def test_a_killed_connection_is_made_anew_and_listens_again(
    broker: PostgresBroker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.dequeue()
    killer = threading.Timer(0.1, _kill_listeners)
    killer.start()
    broker.dequeue()
    killer.join()
    broker.dequeue()
    assert "out of reach" in caplog.text
    make_runs()
    assert functions(broker.dequeue()) == [DRAIN]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_listening_channels()")
        assert {channel for (channel,) in cursor.fetchall()} == {
            "carillon_lane_events",
            "carillon_queue_events",
        }


def _kill_listeners() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


def test_a_lane_is_served_by_the_cluster_of_its_name_or_else_by_the_default_one(settings: Settings) -> None:
    settings.Q_CLUSTER = {"name": "shop"}
    assert clusters() == {"events": "shop", "delivery": "shop"}
    settings.Q_CLUSTER = {"name": "shop", "ALT_CLUSTERS": {"delivery": {}}}
    assert clusters() == {"events": "shop", "delivery": "delivery"}


@pytest.mark.usefixtures("never_poll")
def test_behind_a_pooler_it_listens_on_a_connection_of_its_own(
    broker: PostgresBroker, settings: Settings
) -> None:
    found = connection.get_connection_params()
    settings.EVENTS_LISTEN_DSN = " ".join(
        f"{name}={found[name]}" for name in ("dbname", "user", "host", "port", "password") if found.get(name)
    )
    timer = later(make_runs)
    assert functions(next_tasks(broker)) == [DRAIN]
    timer.join()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_listening_channels()")
        assert not cursor.fetchall()
    broker._listener.close()
