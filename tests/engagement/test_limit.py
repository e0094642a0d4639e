"""Nobody gets more than so many mails in an hour; what is too many comes in their next digest."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.doctor import examine
from engagement.models import Delivery, NotificationRule
from events.bus import event_bus
from events.drain import drain
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

UNTIL_DONE = float("inf")


@pytest.fixture(autouse=True)
def _limited(settings: Settings) -> None:
    settings.ENGAGEMENT_EMAILS_PER_HOUR = 3


def tell(*people: Person, times: int = 1) -> None:
    """Publish something that concerns these people, and write their Deliveries."""
    for _ in range(times):
        event_bus.publish(Told(people=[each.pk for each in people]))
    drain("events", seconds=UNTIL_DONE)


def send() -> int:
    """Send what is due."""
    return drain("delivery", seconds=UNTIL_DONE)


def pass_an_hour() -> None:
    """Let what was sent be an hour longer ago, and what is held be due an hour earlier."""
    hour = timedelta(hours=1)
    Delivery.objects.filter(allowed_at__isnull=False).update(allowed_at=F("allowed_at") - hour)
    Delivery.objects.filter(finished_at=None).update(available_at=F("available_at") - hour)


def test_what_is_too_many_comes_in_the_next_digest(server: SmtpServer, alice: Person, bob: Person) -> None:
    tell(alice, times=7)
    tell(bob, times=2)
    send()
    assert (len(server.to(alice.email)), len(server.to(bob.email))) == (3, 2)
    held = Delivery.objects.filter(state="held")
    assert {(each.person, each.over_limit, each.wait) for each in held} == {(alice, True, "hourly digest")}
    assert held.count() == 4
    pass_an_hour()
    send()
    *_, digest = server.to(alice.email)
    assert digest.text().count("Kite was told") == 4
    assert "3 mails" in digest.text()
    assert examine() == []


def test_they_are_counted_over_all_turns(server: SmtpServer, alice: Person) -> None:
    for _ in range(5):
        tell(alice)
        send()
    assert len(server.received) == 3
    pass_an_hour()
    tell(alice)
    send()
    assert len(server.received) == 5, "the digest of the two, and the new one"


def test_an_exempt_category_is_neither_counted_nor_held(
    server: SmtpServer, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_UNLIMITED_CATEGORIES = ["test"]
    tell(alice, times=5)
    send()
    assert len(server.received) == 5
    assert not Delivery.objects.filter(allowed_at__isnull=False).exists()


@pytest.mark.parametrize("rule", [{"mandatory": ["email"]}, {"importance": "high"}])
def test_what_never_waits_is_not_held(server: SmtpServer, alice: Person, rule: dict[str, Any]) -> None:
    NotificationRule.objects.create(category="test", **rule)
    tell(alice, times=5)
    send()
    assert len(server.received) == 5


def test_without_a_limit_nothing_is_counted(server: SmtpServer, alice: Person, settings: Settings) -> None:
    settings.ENGAGEMENT_EMAILS_PER_HOUR = None
    tell(alice, times=5)
    send()
    assert len(server.received) == 5


def test_a_mail_that_is_tried_again_is_counted_once(server: SmtpServer, alice: Person) -> None:
    server.at_data = "451 4.3.0 Full"
    tell(alice, times=3)
    send()
    server.at_data = ""
    Delivery.objects.filter(state="retrying").update(available_at=Now())
    send()
    assert len(server.received) == 3


def test_after_an_outage_the_limit_holds_as_well(server: SmtpServer, alice: Person) -> None:
    server.at_data = "450 4.3.0 Later"
    for _hour in range(3):
        tell(alice, times=3)
        Delivery.objects.filter(state="retrying").update(available_at=Now())
        send()
        Delivery.objects.filter(allowed_at__isnull=False).update(
            allowed_at=F("allowed_at") - timedelta(hours=1)
        )
    server.at_data = ""
    Delivery.objects.filter(state="retrying").update(available_at=Now())
    send()
    assert len(server.to(alice.email)) == 3


def test_they_are_told_of_it_once_a_day(server: SmtpServer, alice: Person) -> None:
    for _hour in range(3):
        tell(alice, times=5)
        send()
        pass_an_hour()
        Delivery.objects.filter(sent_at__isnull=False).update(sent_at=F("sent_at") - timedelta(hours=1))
        send()
    digests = [each.text() for each in server.received if "notifications" in str(each.message["Subject"])]
    assert len(digests) == 3
    assert ["3 mails" in each for each in digests] == [True, False, False]


@pytest.mark.django_db(transaction=True)
def test_two_workers_count_one_after_the_other(server: SmtpServer, alice: Person) -> None:
    tell(alice, times=12)

    def work() -> None:
        try:
            drain("delivery", seconds=UNTIL_DONE)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(server.received) == 3
    assert Delivery.objects.filter(state="held").count() == 9
    assert examine() == []
