"""Messages to endpoints that are rows: each by itself, whatever becomes of the others. Real webhooks here."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from capabilities.people.models import Person
from engagement import endpoints, pauses
from engagement.doctor import examine
from engagement.events import EndpointTested
from engagement.models import (
    AppNotification,
    ChannelPause,
    Delivery,
    DeliveryAttempt,
    Endpoint,
    NotifiableEvent,
    NotificationRule,
    NotificationSettings,
    Suppression,
)
from engagement.webhook import new_secret
from events.bus import EventLog, event_bus
from events.drain import drain
from tests.engagement.messages import BASE_URL
from tests.engagement.samples import outcomes_of
from tests.http import HttpServer
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings) -> Iterator[HttpServer]:
    """Receive webhooks; everybody is told by them."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    NotificationRule.objects.create(category="test", channels=["app", "webhook"])
    with HttpServer() as found:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = [found.authority]
        yield found


def hook(person: Person, server: HttpServer, path: str = "/hook", **fields: Any) -> Endpoint:
    """Return a webhook of a person's."""
    known = {"secret": new_secret(), "verified_at": timezone.now(), "value": f"{server.url}{path}"}
    return Endpoint.objects.create(person=person, channel="webhook", **known | fields)


def tell(*people: Person, **options: Any) -> None:
    """Publish something that concerns these people, and write their Deliveries."""
    event_bus.publish(Told(people=[each.pk for each in people]), **options)
    drain("events", seconds=float("inf"))


def send() -> int:
    """Send what is due."""
    return drain("delivery", seconds=float("inf"))


def make_due() -> None:
    """Let what waits be due."""
    Delivery.objects.filter(finished_at=None).update(available_at=Now())


def states() -> dict[str, str]:
    """Return the states of the messages by webhook, by path."""
    return {
        "/" + each.endpoint.rpartition("/")[2]: each.state
        for each in Delivery.objects.filter(channel="webhook").order_by("pk")
    }


def test_each_endpoint_gets_a_message_of_its_own(server: HttpServer, alice: Person) -> None:
    one, other = hook(alice, server, "/one"), hook(alice, server, "/other")
    tell(alice)
    assert set(Delivery.objects.values_list("target", flat=True)) == {one.pk, other.pk}
    assert send() == 2
    assert states() == {"/one": "succeeded", "/other": "succeeded"}
    ids = [request.headers["webhook-id"] for request in server.requests]
    assert sorted(ids) == sorted(Delivery.objects.values_list("message_id", flat=True))
    assert outcomes_of(alice)["webhook"] == "planned: rule for this category"
    assert examine() == []


def test_it_is_signed_with_the_secret_of_the_endpoint_and_with_the_one_before(
    server: HttpServer, alice: Person
) -> None:
    old = new_secret()
    made = hook(alice, server, old_secret=old, old_secret_until=timezone.now() + timedelta(hours=1))
    tell(alice)
    send()
    (request,) = server.requests
    for secret in (made.secret, old):
        Webhook(secret).verify(request.body.decode(), dict(request.headers))
    assert request.json["data"]["title"] == "Kite was told"
    Endpoint.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    tell(alice)
    send()
    assert len(server.requests[1].headers["webhook-signature"].split()) == 1


def test_who_has_no_endpoint_is_skipped_and_it_is_said_why(server: HttpServer, alice: Person) -> None:
    hook(alice, server, verified_at=None)
    hook(alice, server, "/gone", retired_at=timezone.now())
    tell(alice)
    assert not Delivery.objects.filter(channel="webhook").exists()
    assert outcomes_of(alice)["webhook"] == "skipped: no endpoint"


def test_of_a_channel_that_nobody_asked_for_nothing_is_stored(server: HttpServer, alice: Person) -> None:
    NotificationRule.objects.update(channels=["app"], category="product")
    tell(alice)
    assert set(outcomes_of(alice)) == {"app", "email"}
    assert examine() == []


def test_an_endpoint_that_is_gone_by_then_gets_nothing(server: HttpServer, alice: Person) -> None:
    made = hook(alice, server)
    tell(alice)
    made.delete()
    send()
    (delivery,) = Delivery.objects.filter(channel="webhook")
    assert (delivery.state, delivery.last_error) == ("skipped", "skipped: no endpoint")
    assert server.requests == []


def test_what_was_meant_for_the_owner_of_before_does_not_go_to_the_next(
    server: HttpServer, alice: Person, bob: Person
) -> None:
    made = hook(alice, server)
    tell(alice)
    Endpoint.objects.filter(pk=made.pk).update(person=bob)
    send()
    assert Delivery.objects.get(channel="webhook").state == "skipped"
    assert server.requests == []


def test_one_that_is_suppressed_is_left_out_and_the_others_are_used(
    server: HttpServer, alice: Person, bob: Person
) -> None:
    for person in (alice, bob):
        hook(person, server, "/bad")
    hook(alice, server, "/good")
    Suppression.objects.create(channel="webhook", endpoint=f"{server.url}/bad")
    tell(alice, bob)
    assert outcomes_of(bob)["webhook"] == "skipped: endpoint suppressed"
    send()
    assert states() == {"/good": "succeeded"}


# What does not work


def test_one_dead_endpoint_among_a_hundred_is_retired_and_no_other(server: HttpServer, alice: Person) -> None:
    made = [hook(alice, server, f"/{number}") for number in range(100)]
    server.answer(410, path="/42")
    tell(alice)
    assert send() == 100
    assert {name for name, state in states().items() if state != "succeeded"} == {"/42"}
    (retired,) = Endpoint.objects.exclude(retired_at=None)
    assert retired == made[42]
    assert retired.retired_because == "410 Gone"


def test_its_owner_is_told_on_other_channels(server: HttpServer, alice: Person) -> None:
    hook(alice, server, label="My script")
    server.answer(410)
    tell(alice)
    send()
    drain("events", seconds=float("inf"))
    told = AppNotification.objects.get(event_type="endpoint.retired")
    assert (told.person, told.title) == (alice, "Webhook no longer used: My script")
    assert told.url == "/inbox/endpoints/"


def test_one_that_was_registered_anew_meanwhile_stays(server: HttpServer, alice: Person) -> None:
    made = hook(alice, server)
    tell(alice)
    delivery = Delivery.objects.get(channel="webhook")
    before = made.registered_at
    Endpoint.objects.update(registered_at=Now())
    assert not endpoints.retire(delivery.target_id, before, "410 Gone")
    made.refresh_from_db()
    assert made.is_usable
    assert not EventLog.objects.filter(type="endpoint.retired").exists()


def test_after_the_last_attempt_the_endpoint_is_given_up(
    server: HttpServer, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_RETRIES = {"webhook": [1, 1]}
    made = hook(alice, server)
    server.answer(500, "Broken")
    tell(alice)
    for attempt in range(1, 4):
        made.refresh_from_db()
        assert made.is_usable, f"attempt {attempt}"
        make_due()
        send()
    made.refresh_from_db()
    assert Delivery.objects.get(channel="webhook").state == "dead"
    assert made.retired_because == "500 Internal Server Error: Broken"
    assert EventLog.objects.filter(type="endpoint.retired").count() == 1


def test_who_asks_for_time_at_the_last_attempt_is_not_given_up(
    server: HttpServer, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_RETRIES = {"webhook": []}
    made = hook(alice, server)
    server.answer(429, headers={"Retry-After": "90"}, count=1)
    tell(alice)
    send()
    made.refresh_from_db()
    assert made.is_usable, "it did not count as a failure"
    Endpoint.objects.update(rests_until=None)
    make_due()
    send()
    assert states() == {"/hook": "succeeded"}


def test_one_that_takes_others_meanwhile_is_not_given_up_for_one_message(
    server: HttpServer, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_RETRIES = {"webhook": [1]}
    made = hook(alice, server)
    server.answer(500, count=1)
    tell(alice)
    send()
    (first,) = Delivery.objects.filter(channel="webhook")
    tell(alice)
    send()
    server.answer(500, count=1)
    Delivery.objects.filter(pk=first.pk).update(available_at=Now())
    send()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["dead", "succeeded"]
    made.refresh_from_db()
    assert made.is_usable


def test_the_attempts_are_those_that_standard_webhooks_recommends(server: HttpServer, alice: Person) -> None:
    hook(alice, server)
    server.answer(500)
    tell(alice)
    waits = []
    for _ in range(9):
        make_due()
        send()
        (delivery,) = Delivery.objects.filter(channel="webhook")
        waits.append((delivery.available_at - timezone.now()).total_seconds())
    usual = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert all(wait - 5 < waited < wait * 1.2 for wait, waited in zip(usual, waits, strict=True)), waits
    assert {request.headers["webhook-id"] for request in server.requests} == {delivery.message_id}


def test_an_endpoint_that_asks_for_time_gets_it_and_the_others_go_on(
    server: HttpServer, alice: Person
) -> None:
    slow = hook(alice, server, "/slow")
    hook(alice, server, "/quick")
    server.answer(429, path="/slow", headers={"Retry-After": "90"}, count=1)
    for _ in range(3):
        tell(alice)
    send()
    assert [request.path for request in server.requests].count("/slow") == 1, "the others were not tried"
    assert [request.path for request in server.requests].count("/quick") == 3
    waiting = Delivery.objects.filter(target=slow)
    assert set(waiting.values_list("state", "failed")) == {("retrying", 0)}
    slow.refresh_from_db()
    assert slow.rests_until is not None
    assert 80 < (slow.rests_until - timezone.now()).total_seconds() <= 90
    Endpoint.objects.update(rests_until=None)
    make_due()
    send()
    assert set(waiting.values_list("state", flat=True)) == {"succeeded"}
    slow.refresh_from_db()
    assert slow.failures == 0


def test_one_that_cannot_be_reached_rests_the_longer_the_more_often(
    server: HttpServer, alice: Person
) -> None:
    made = hook(alice, server)
    server.answer(200, cut=0)
    rests = []
    for _ in range(5):
        tell(alice)
        Endpoint.objects.update(rests_until=None)
        make_due()
        send()
        made.refresh_from_db()
        assert made.rests_until is not None
        rests.append((made.rests_until - timezone.now()).total_seconds())
    assert len(server.requests) <= 5, "each turn one was tried"
    assert [seconds > 25 for seconds in rests] == [True] * 5
    assert rests[-1] > rests[0] * 2


def test_what_was_said_of_an_attempt_is_kept_with_its_code(server: HttpServer, alice: Person) -> None:
    hook(alice, server)
    server.answer(503, "Closed for repairs")
    tell(alice)
    send()
    (attempt,) = DeliveryAttempt.objects.all()
    assert (attempt.succeeded, attempt.code) == (False, "503")
    assert attempt.answer == "503 Service Unavailable: Closed for repairs"


def test_a_provider_that_refuses_us_pauses_the_channel_and_nothing_fails(
    alice: Person, settings: Settings
) -> None:
    NotificationRule.objects.create(category="test", channels=["push"])
    Endpoint.objects.create(person=alice, channel="push", kind="fid", value="a", verified_at=timezone.now())
    with HttpServer() as gateway:
        settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
        settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = gateway.url
        gateway.answer(429, headers={"Retry-After": "77"}, count=1)
        for _ in range(5):
            tell(alice)
        send()
        send()
        assert len(gateway.requests) == 1
        pause = ChannelPause.objects.get()
        assert pause.channel == "push"
        assert pause.until is not None
        assert 60 < (pause.until - timezone.now()).total_seconds() <= 77
        assert set(Delivery.objects.values_list("failed", flat=True)) == {0}
        pauses.resume("push")
        make_due()
        send()
        assert set(Delivery.objects.values_list("state", flat=True)) == {"succeeded"}


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_no_time_at_all_is_not_asked_again_at_once(
    alice: Person, settings: Settings, status: int
) -> None:
    NotificationRule.objects.create(category="test", channels=["push"])
    Endpoint.objects.create(person=alice, channel="push", kind="fid", value="a", verified_at=timezone.now())
    with HttpServer() as gateway:
        settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
        settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = gateway.url
        gateway.answer(status, headers={"Retry-After": "0"})
        tell(alice)
        send()
    (delivery,) = Delivery.objects.all()
    assert (delivery.state, delivery.failed) == ("retrying", 0)
    assert delivery.available_at - timezone.now() > timedelta(seconds=3)


def test_a_short_pause_does_not_end_a_longer_one(alice: Person) -> None:
    pauses.pause("push", "401", seconds=600)
    pauses.pause("push", "429", seconds=60)
    (pause,) = ChannelPause.objects.all()
    assert pause.until is not None
    assert (pause.reason, pause.until - timezone.now() > timedelta(seconds=500)) == ("401", True)
    pauses.pause("push", "403", seconds=900)
    assert ChannelPause.objects.get().reason == "403"


def test_one_that_is_suppressed_by_then_gets_nothing(server: HttpServer, alice: Person) -> None:
    made = hook(alice, server)
    tell(alice)
    Suppression.objects.create(channel="webhook", endpoint=made.value.lower(), cause="bounce")
    send()
    assert server.requests == []
    assert Delivery.objects.get().last_error == "skipped: endpoint suppressed"


def test_what_an_operator_paused_a_provider_does_not_resume(alice: Person) -> None:
    pauses.pause("push", "We change the provider.", by_hand=True)
    pauses.pause("push", "429", seconds=1)
    (pause,) = ChannelPause.objects.all()
    assert (pause.reason, pause.until) == ("We change the provider.", None)
    pauses.pause("push", "Until tomorrow.", seconds=86_400, by_hand=True)
    assert ChannelPause.objects.get().until is not None


def test_while_a_gateway_is_away_its_few_attempts_are_not_used_up(alice: Person, settings: Settings) -> None:
    NotificationRule.objects.create(category="test", channels=["push"])
    Endpoint.objects.create(person=alice, channel="push", kind="fid", value="a", verified_at=timezone.now())
    settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
    with HttpServer() as gateway:
        settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = gateway.url
    for _ in range(3):
        tell(alice)
    for _ in range(10):
        make_due()
        send()
    assert set(Delivery.objects.values_list("state", "failed")) <= {("retrying", 0), ("pending", 0)}
    with HttpServer() as gateway:
        settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = gateway.url
        make_due()
        send()
        assert len(gateway.requests) == 3
    assert set(Delivery.objects.values_list("state", flat=True)) == {"succeeded"}


# When


def test_in_quiet_hours_a_webhook_is_called_and_a_telephone_is_silent(
    server: HttpServer, alice: Person, settings: Settings
) -> None:
    NotificationRule.objects.update(channels=["webhook", "push"])
    now = timezone.now()
    NotificationSettings.objects.create(
        person=alice,
        time_zone="UTC",
        quiet_from=(now - timedelta(hours=1)).time(),
        quiet_until=(now + timedelta(hours=1)).time(),
    )
    settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = f"{server.url}/gateway"
    hook(alice, server)
    Endpoint.objects.create(person=alice, channel="push", kind="fid", value="a", verified_at=now)
    tell(alice)
    assert outcomes_of(alice)["push"] == "planned: rule for this category, held"
    send()
    assert [request.path for request in server.requests] == ["/hook"]


# To one endpoint


def test_what_is_for_one_endpoint_goes_there_and_nowhere_else_verified_or_not(
    server: HttpServer, alice: Person
) -> None:
    hook(alice, server, "/other")
    made = hook(alice, server, "/new", verified_at=None)
    event_bus.publish(EndpointTested(endpoint_id=made.pk, person_id=str(alice.pk)))
    drain("events", seconds=float("inf"))
    send()
    assert [request.path for request in server.requests] == ["/new"]
    assert outcomes_of(alice) == {
        "app": "skipped: default",
        "email": "skipped: default",
        "webhook": "planned: mandatory",
    }
    assert examine() == []


def test_what_is_for_an_endpoint_that_is_gone_is_called_off(server: HttpServer, alice: Person) -> None:
    event_bus.publish(EndpointTested(endpoint_id=0, person_id=str(alice.pk)))
    drain("events", seconds=float("inf"))
    assert not Delivery.objects.exists()
    assert not NotifiableEvent.objects.exists()


def test_nobody_gets_what_is_for_an_endpoint_of_somebody_else(
    server: HttpServer, alice: Person, bob: Person
) -> None:
    made = hook(bob, server)
    event_bus.publish(EndpointTested(endpoint_id=made.pk, person_id=str(alice.pk)))
    drain("events", seconds=float("inf"))
    send()
    assert server.requests == []


def test_who_asks_us_to_wait_at_the_last_attempt_is_not_given_up(server: HttpServer, alice: Person) -> None:
    """With Retry-After it is no failed attempt, so there is another."""
    server.answer(429, headers={"Retry-After": "60"}, count=1)
    one = hook(alice, server)
    tell(alice)
    Delivery.objects.filter(channel="webhook").update(failed=9)
    send()
    one.refresh_from_db()
    assert (one.retired_at, states()) == (None, {"/hook": "retrying"})
    Endpoint.objects.update(rests_until=None)
    make_due()
    send()
    assert states() == {"/hook": "succeeded"}
