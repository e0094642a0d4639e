"""Killed at any moment, no message is lost, and only what was under way is doubled: by the server's own record."""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.doctor import examine
from engagement.models import Delivery, DeliveryAttempt, Endpoint, NotificationRule
from engagement.webhook import new_secret
from events.bus import event_bus
from events.drain import drain
from tests.cluster import Cluster
from tests.http import HttpServer, Reply, Request
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


# Further channels


def plan_messages(people: list[Person], channels: list[str]) -> set[str]:
    """Write a Delivery for each of these people on each of these channels; return the ids of the messages."""
    NotificationRule.objects.create(category="test", channels=channels)
    event_bus.publish(Told(people=[each.pk for each in people]))
    drain("events", seconds=float("inf"))
    found = set(Delivery.objects.values_list("message_id", flat=True))
    assert len(found) == len(people) * len(channels)
    return found


def make_reachable(count: int, server: HttpServer) -> list[Person]:
    """Return so many people, each with an address, a device, a number and a webhook."""
    people = Person.objects.bulk_create(
        Person(username=f"p{number}", email=f"p{number}@kiteworks.example") for number in range(count)
    )
    for number, person in enumerate(people):
        for channel, value in (
            ("push", f"device-{number}"),
            ("sms", f"+97798{number:08}"),
            ("webhook", f"{server.url}/hook/{number}"),
        ):
            Endpoint.objects.create(
                person=person, channel=channel, value=value, secret=new_secret(), verified_at=timezone.now()
            )
    return people


def reaching(server: HttpServer, mails: SmtpServer | None = None) -> dict[str, Any]:
    """Return the settings with which all channels lead to these servers."""
    found = {
        "site_url": "https://carillon.example",
        "webhook_allowed_hosts": server.authority,
        "notification_service_url": server.url,
        "sms_provider": "sparrow",
        "sparrow_token": "token",
        "sparrow_from": "Demo",
        "sparrow_url": f"{server.url}/sms",
    }
    return QUICK | found | ({"email_url": mails.url} if mails else {})


@pytest.fixture
def everywhere(settings: Settings) -> Iterator[HttpServer]:
    """The far end of all channels but mail; set up in this process, too, which only plans."""
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    settings.ENGAGEMENT_PUSH_PROVIDER, settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = "gateway", "http://x"
    settings.ENGAGEMENT_SMS_PROVIDER = "sparrow"
    settings.ENGAGEMENT_SPARROW_TOKEN, settings.ENGAGEMENT_SPARROW_FROM = "token", "Demo"
    with HttpServer() as found:
        found.answer(200, {"count": 1, "response_code": 200, "response": "queued"}, path="/sms")
        yield found


def test_killed_at_random_moments_no_webhook_is_lost_and_only_those_under_way_are_repeated(
    everywhere: HttpServer,
) -> None:
    planned = plan_messages(make_reachable(300, everywhere), ["webhook"])
    everywhere.answer(200, delay=0.02)
    chance, under_way = random.Random(5), 0
    for _ in range(4):
        with Cluster("delivery", **reaching(everywhere)) as cluster:
            time.sleep(chance.uniform(0.05, 0.6))  # the moment of the kill is the point
            under_way += len(cluster.workers()) * Delivery.threads("webhook")
            os.killpg(cluster.pid, signal.SIGKILL)
    with Cluster("delivery", **reaching(everywhere)):
        eventually(is_done, timeout=60, what="every webhook is called")
    taken = Counter(request.headers["webhook-id"] for request in everywhere.requests)
    assert set(taken) == planned, "each was taken, and nothing else"
    assert sum(taken.values()) - len(planned) <= under_way
    assert set(Delivery.objects.values_list("state", flat=True)) == {"succeeded"}
    assert Delivery.objects.filter(crashed__gt=0).exists(), "no kill hit a worker amid a call"
    assert examine() == []


def test_all_channels_down_for_a_while_lose_nothing_and_come_back_one_by_one(
    everywhere: HttpServer, server: SmtpServer
) -> None:
    channels = ["email", "push", "sms", "webhook"]
    planned = plan_messages(make_reachable(40, everywhere), channels)
    server.stop()
    lock, open_, most = threading.Lock(), 0, 0

    def take(request: Request) -> Reply:
        nonlocal open_, most
        with lock:
            open_ += 1
            most = max(most, open_)
        time.sleep(0.01)
        with lock:
            open_ -= 1
        return Reply(200, {"count": 1, "response_code": 200, "response": "queued"})

    everywhere.answer(200, cut=0, path="/sms")
    everywhere.answer(200, cut=0)
    settings = reaching(everywhere, server) | {"retries": json.dumps({name: [0.5] * 60 for name in channels})}
    with Cluster("delivery", **settings):
        tried = DeliveryAttempt.objects.filter(succeeded=False).values("delivery__channel").distinct()
        eventually(lambda: tried.count() == len(channels), timeout=30, what="each channel has been tried")
        Endpoint.objects.update(rests_until=None)
        everywhere.answer_by(take, path="/sms")
        everywhere.answer_by(take)
        server.start()

        def is_all_there() -> bool:
            Endpoint.objects.filter(rests_until__isnull=False).update(rests_until=None)
            return is_done()

        eventually(is_all_there, timeout=60, what="everything has arrived")
    assert set(Delivery.objects.values_list("state", flat=True)) == {"succeeded"}
    assert set(Delivery.objects.values_list("message_id", flat=True)) == planned
    assert most <= sum(Delivery.threads(name) for name in channels) * QUICK.get("workers", 2)
    assert examine() == []
