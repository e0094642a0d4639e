"""Killed at any moment, no mail is lost, and only what was under way is doubled: by the server's own record."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from capabilities.people.models import Person
from engagement.doctor import examine
from engagement.models import Delivery, DeliveryAttempt
from events.bus import event_bus
from events.drain import drain
from tests.cluster import Cluster
from tests.polling import eventually
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

MAILS = 500
QUICK: dict[str, Any] = {
    "lease": 3,
    "timeout": 2,
    "retry": 6,
    "turn": 1,
    "backoff": 0.2,
    "emails_per_hour": 0,
}


def plan_mails(count: int) -> set[str]:
    """Write so many Deliveries to as many people; return their Message-IDs."""
    people = Person.objects.bulk_create(
        Person(username=f"p{number}", email=f"p{number}@kiteworks.example") for number in range(count)
    )
    event_bus.publish(Told(people=[each.pk for each in people]))
    drain("events", seconds=float("inf"))
    found = set(Delivery.objects.values_list("message_id", flat=True))
    assert len(found) == count
    return found


def is_done() -> bool:
    """Tell whether no mail is owed any more."""
    return not Delivery.objects.filter(finished_at=None).exists()


def test_killed_at_random_moments_no_mail_is_lost_and_only_what_was_under_way_is_repeated(
    server: SmtpServer, tmp_path: Path
) -> None:
    planned, chance, kills = plan_mails(MAILS), random.Random(4), 0
    server.log, server.delay = tmp_path / "taken", 0.005
    settings = QUICK | {"email_url": server.url, "site_url": "https://carillon.example"}
    for _ in range(6):
        with Cluster("delivery", **settings) as cluster:
            time.sleep(chance.uniform(0.05, 0.6))  # the moment of the kill is the point
            kills += len(cluster.workers())
            os.killpg(cluster.pid, signal.SIGKILL)
    with Cluster("delivery", **settings):
        eventually(is_done, timeout=60, what="every mail is sent")
    taken = Counter(server.log.read_text().split())
    assert set(taken) == planned, "each mail was taken, and nothing else"
    assert sum(taken.values()) - len(planned) <= kills, "at most one for each worker that was killed"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"succeeded"}
    assert DeliveryAttempt.objects.filter(succeeded=True).count() == MAILS
    assert Delivery.objects.filter(crashed__gt=0).exists(), "no kill hit a worker amid a mail"
    assert examine() == []


def test_a_mail_that_was_taken_as_we_died_is_repeated_with_the_same_id(server: SmtpServer) -> None:
    """The server takes it, and says so after a while: in between its client is killed."""
    planned = plan_mails(3)
    server.hesitation = 1.5
    settings = QUICK | {"email_url": server.url, "site_url": "https://carillon.example", "workers": 1}
    with Cluster("delivery", **settings | {"timeout": 2.5}) as cluster:
        eventually(lambda: len(server.received) == 1, what="the server has the first mail")
        os.killpg(cluster.pid, signal.SIGKILL)
    server.hesitation = 0
    with Cluster("delivery", **settings):
        eventually(is_done, timeout=30, what="every mail is sent")
    assert set(server.ids()) == planned
    assert len(server.ids()) == 4


def test_what_fails_while_the_server_is_away_is_sent_when_it_is_back(server: SmtpServer) -> None:
    """With a short backoff, so that mails fail again and again meanwhile; the usual one takes minutes."""
    planned = plan_mails(200)
    server.stop()
    settings = QUICK | {"email_url": server.url, "site_url": "https://carillon.example"}
    with Cluster("delivery", **settings):
        failed = Delivery.objects.filter(failed__gte=1)
        eventually(lambda: failed.count() >= 10, timeout=30, what="some have failed")
        server.start()
        eventually(is_done, timeout=60, what="every mail is sent")
    assert (sorted(server.ids()), set(Delivery.objects.values_list("state", flat=True))) == (
        sorted(planned),
        {"succeeded"},
    )
    attempts = DeliveryAttempt.objects.filter(succeeded=False).count()
    assert attempts == sum(Delivery.objects.values_list("failed", flat=True))
    assert examine() == []
