"""The far ends of the demo take what is meant for them, from this machine, in the demo, and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.models import Endpoint
from engagement.registration import rotate_secret
from engagement.webhook import new_secret, signed
from project.tryit import outage, store
from project.tryit.people import DEVICE
from project.tryit.receivers import LARGEST

pytestmark = pytest.mark.django_db

GATEWAY = "/tryit/gateway/notifications"
HOOK = "/tryit/hook/alice/"
PUSH = {"device_id": DEVICE.format("bob"), "title": "Kite is live", "message": "x", "message_id": "msg_1"}


def post(address: str, content: Any, **more: Any) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    far_end = Client(enforce_csrf_checks=True)  # a program, which has no cookie
    return far_end.post(address, body, content_type="application/json", **more)


def post_signed(secrets: list[str], body: bytes = b'{"id": "msg_1"}', at: datetime | None = None) -> Any:
    headers = signed("msg_1", body, secrets, at or datetime.now(UTC))
    return post(HOOK, body, headers=headers)


def test_the_gateway_keeps_what_is_for_a_device_and_says_what_it_calls_it() -> None:
    answer = post(GATEWAY, PUSH)
    assert (answer.status_code, answer.json()) == (200, {"id": "phone-msg_1"})
    (found,) = store.kept()
    assert (found.kind, found.owner, found.message_id, found.content) == ("push", "bob", "msg_1", PUSH)


def test_a_device_that_is_nobodys_is_taken_and_nobodys() -> None:
    assert post(GATEWAY, PUSH | {"device_id": "other"}).status_code == 200
    assert [each.owner for each in store.kept()] == [""]


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"{}", b'{"device_id": 1, "title": "x"}', b"\xff", b"[" * 30_000]
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    assert post(GATEWAY, body).status_code == 400
    assert store.kept() == []


def test_a_webhook_with_a_good_signature_is_kept_with_its_headers(hook: Endpoint) -> None:
    answer = post_signed([hook.secret])
    assert (answer.status_code, answer.content) == (200, b"verified")
    (found,) = store.kept()
    assert (found.kind, found.owner, found.message_id) == ("webhook", "alice", "msg_1")
    assert found.content["body"] == {"id": "msg_1"}
    assert found.content["headers"]["webhook-signature"].startswith("v1,")


def test_while_its_secret_is_changed_either_is_good(hook: Endpoint) -> None:
    old = hook.secret
    assert post_signed([rotate_secret(hook)]).status_code == 200
    assert post_signed([old]).status_code == 200


def test_a_signature_of_somebody_else_is_refused(hook: Endpoint) -> None:
    other = Endpoint.objects.get(channel="webhook", person__username="bob").secret
    for secret in (new_secret(), other):
        assert post_signed([secret]).status_code == 401
    assert store.kept() == []


@pytest.mark.parametrize("minutes", [-6, 6])
def test_so_is_one_of_another_time(hook: Endpoint, minutes: int) -> None:
    at = timezone.now() + timedelta(minutes=minutes)
    assert post_signed([hook.secret], at=at).status_code == 401


def test_so_is_another_body(hook: Endpoint) -> None:
    headers = signed("msg_1", b"{}", [hook.secret], datetime.now(UTC))
    assert post(HOOK, b'{"x": 1}', headers=headers).status_code == 401


@pytest.mark.parametrize("stamp", ["", "x", "-1", "²", "9" * 40])
def test_a_time_that_is_none_is_refused(hook: Endpoint, stamp: str) -> None:
    headers = {"webhook-id": "x", "webhook-timestamp": stamp, "webhook-signature": "v1,x"}
    assert post(HOOK, b"{}", headers=headers).status_code == 401


def test_without_an_endpoint_nothing_is_good(alice: Person) -> None:
    assert post_signed([new_secret()]).status_code in {401, 404}


@pytest.mark.parametrize("address", [GATEWAY, HOOK])
def test_what_is_too_large_is_refused_and_the_largest_is_not(hook: Endpoint, address: str) -> None:
    assert post(address, b"x" * (LARGEST + 1)).status_code == 413
    assert post(address, b"x" * LARGEST).status_code in {400, 401}


@pytest.mark.parametrize("address", [GATEWAY, HOOK])
@pytest.mark.parametrize("place", ["192.0.2.1", "2001:db8::1", "nonsense", ""])
def test_only_this_machine_may_send_something(hook: Endpoint, address: str, place: str) -> None:
    assert post(address, PUSH, REMOTE_ADDR=place).status_code == 403
    assert store.kept() == []


def test_this_machine_may_have_an_address_of_either_kind() -> None:
    assert post(GATEWAY, PUSH, REMOTE_ADDR="::1").status_code == 200


@pytest.mark.parametrize("address", [GATEWAY, HOOK])
def test_outside_the_demo_there_is_nobody(hook: Endpoint, settings: Settings, address: str) -> None:
    settings.TRYIT = None
    assert post(address, PUSH).status_code == 404


@pytest.mark.parametrize("address", [GATEWAY, HOOK])
def test_there_is_nothing_to_get(hook: Endpoint, address: str) -> None:
    assert Client().get(address).status_code == 405


@pytest.mark.parametrize(("channel", "address", "seconds"), [("push", GATEWAY, "4"), ("webhook", HOOK, "10")])
def test_who_is_stopped_asks_to_come_again(hook: Endpoint, channel: str, address: str, seconds: str) -> None:
    outage.stop(channel)
    answer = post(address, PUSH)
    assert (answer.status_code, answer["Retry-After"]) == (503, seconds)
    outage.start(channel)
    assert post(address, PUSH).status_code != 503
