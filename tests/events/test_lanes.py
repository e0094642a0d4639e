"""Lanes: what is slow in one of them holds up no other."""

from io import StringIO
from typing import Any

import psutil
import pytest
from django.core.management import CommandError, call_command

from engagement.models import Delivery
from events.bus import event_bus
from events.models import HandlerRun
from tests.cluster import Cluster, Process, Watched
from tests.conftest import make_person
from tests.events.owed import make_runs
from tests.polling import eventually
from tests.probe.events import Pinged
from tests.probe.models import Call

pytestmark = pytest.mark.django_db(transaction=True)

#: Mail is configured, and goes nowhere: nobody listens at that port.
MAIL = {"email_url": "smtp://127.0.0.1:1", "site_url": "https://carillon.example"}
QUICK: dict[str, Any] = MAIL | {"lease": 4, "timeout": 3, "retry": 8, "turn": 1, "stall": 3, "workers": 1}


def make_delivery() -> Delivery:
    """Return something that is owed in the lane of deliveries: a digest without anything in it."""
    person = make_person(f"person{Delivery.objects.count()}")
    return Delivery.objects.create(
        person=person, is_digest=True, channel="email", message_id=f"<{person.pk}@carillon.example>"
    )


def was_taken(delivery: Delivery) -> bool:
    """Tell whether somebody has claimed it, whatever came of that."""
    delivery.refresh_from_db()
    return delivery.state != "pending"


def was_handled(note: str) -> bool:
    """Tell whether the event with this note was handled."""
    return Call.objects.filter(note=note).exists()


@pytest.mark.cluster
def test_the_cluster_of_a_lane_takes_nothing_of_another() -> None:
    with Cluster("delivery", **QUICK):
        event_bus.publish(Pinged(note="an event"))
        delivery = make_delivery()
        eventually(lambda: was_taken(delivery), what="the delivery is taken")
        assert set(HandlerRun.objects.values_list("state", flat=True)) == {"pending"}
    with Cluster("events", **QUICK):
        delivery = make_delivery()
        eventually(lambda: was_handled("an event"), what="the event is handled")
        assert not was_taken(delivery)


@pytest.mark.cluster
def test_a_worker_runs_a_cluster_for_each_lane_and_one_can_die_without_the_other() -> None:
    with Watched("events", "delivery", **QUICK) as worker:
        events, deliveries = worker.main("events"), worker.main("delivery")
        delivery = make_delivery()
        eventually(lambda: was_taken(delivery), what="the delivery is taken")
        deliveries.kill()
        event_bus.publish(Pinged(note="meanwhile"))
        eventually(lambda: was_handled("meanwhile"), what="the event is handled")
        eventually(lambda: "The cluster delivery has ended" in worker.log(), what="it was noticed")
        delivery = make_delivery()
        eventually(lambda: was_taken(delivery), timeout=30, what="the cluster was started anew")
        assert worker.main("events") == events, "the other was left alone"


@pytest.mark.cluster
def test_a_worker_can_be_told_to_serve_one_lane() -> None:
    with Watched("delivery", **QUICK) as worker:
        assert len(psutil.Process(worker.pid).children()) == 1
        event_bus.publish(Pinged())
        delivery = make_delivery()
        eventually(lambda: was_taken(delivery), what="the delivery is taken")
        assert not Call.objects.exists()


# manage.py drain


def drain(*arguments: str) -> str:
    """Run the command once; return what it prints."""
    out = StringIO()
    call_command("drain", *arguments, stdout=out)
    return out.getvalue().strip()


def test_drain_serves_every_lane() -> None:
    make_runs(2)
    delivery = make_delivery()
    assert drain() == "3 done."
    assert was_taken(delivery)
    assert drain() == "0 done."


def test_drain_serves_only_the_lanes_that_it_is_told() -> None:
    make_runs(2)
    delivery = make_delivery()
    assert drain("--lane", "events") == "2 done."
    assert not was_taken(delivery)
    make_runs(1)
    assert drain("--lane", "events", "--lane", "delivery", "--lane", "events") == "2 done."


def test_drain_refuses_a_lane_that_there_is_not() -> None:
    with pytest.raises(CommandError, match=r"invalid choice: 'nowhere' \(choose from '?events'?, '?delivery"):
        drain("--lane", "nowhere")


@pytest.mark.cluster
def test_drain_forever_is_woken_by_each_lane() -> None:
    with Process("drain", "--forever", **QUICK) as command:
        for number in range(2):
            event_bus.publish(Pinged(note=str(number)))
            eventually(lambda: was_handled(str(number)), timeout=30, what="it is handled")  # noqa: B023
            delivery = make_delivery()
            eventually(lambda: was_taken(delivery), what="it is taken")  # noqa: B023
        assert command.stop() == 0
