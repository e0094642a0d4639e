"""For apps: devices over HTTP."""

import json
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from capabilities.people.models import Person
from engagement.models import Endpoint
from engagement.registration import MOST
from tests.engagement.stored import device_of, hook_of
from tests.threads import side_by_side

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_channels")]

PLACE = "/inbox/devices/"
TOKEN = "token-0001"


def send(client: Client, body: Any, method: str = "post", **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic(method.upper(), PLACE, data, "application/json", headers=headers)


def logged_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_device_is_registered_and_refreshed(page: Client, alice: Person) -> None:
    answer = send(page, {"token": TOKEN, "label": "Pixel 9"})
    found = Endpoint.objects.get()
    assert answer.status_code == 201
    assert answer.json() | {"registered_at": ""} == {
        "id": found.pk,
        "kind": "token",
        "label": "Pixel 9",
        "registered_at": "",
    }
    assert parse_datetime(answer.json()["registered_at"]) is not None
    again = send(page, {"token": TOKEN})
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["label"]) == (found.pk, "Pixel 9")
    assert again.json()["registered_at"] > answer.json()["registered_at"]
    assert found.person_id == alice.pk


def test_an_installation_id_is_another_kind(page: Client) -> None:
    assert send(page, {"token": TOKEN, "kind": "fid", "channel": "push"}).json()["kind"] == "fid"


def test_the_device_of_somebody_else_becomes_ones_own(page: Client, alice: Person, bob: Person) -> None:
    device = device_of(bob)
    answer = send(page, {"token": TOKEN})
    assert (answer.status_code, answer.json()["id"]) == (201, device.pk)
    assert Endpoint.objects.get().person_id == alice.pk


def test_they_are_listed_without_their_tokens(page: Client, alice: Person, bob: Person) -> None:
    device = device_of(alice, label="Pixel 9")
    hook_of(alice)
    device_of(bob, "token-of-bob")
    answer = page.get(PLACE)
    [found] = answer.json()["devices"]
    assert found.keys() == {
        "id", "channel", "kind", "label", "token", "registered_at", "last_seen_at", "in_use"
    }  # fmt: skip
    assert (found["id"], found["channel"], found["token"], found["in_use"]) == (
        device.pk,
        "push",
        "…0001",
        True,
    )
    assert TOKEN not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_one_that_is_not_used_any_more_says_so(page: Client, alice: Person) -> None:
    device_of(alice)
    Endpoint.objects.update(retired_at=timezone.now())
    assert page.get(PLACE).json()["devices"][0]["in_use"] is False


def test_it_is_dropped_by_its_id(page: Client, alice: Person) -> None:
    device = device_of(alice)
    answer = page.delete(f"{PLACE}{device.pk}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Endpoint.objects.exists()
    assert page.delete(f"{PLACE}{device.pk}/").status_code == 404


def test_or_by_its_token(page: Client, alice: Person) -> None:
    device_of(alice, "one", kind="fid")
    device_of(alice, "two")
    assert send(page, {"token": "one", "kind": "token"}, "delete").status_code == 404
    assert send(page, {"token": " one "}, "delete").status_code == 204
    assert send(page, {"token": "two", "kind": "token"}, "delete").status_code == 204
    assert send(page, {"token": "two"}, "delete").json() == {
        "error": "You have no such device.",
        "field": "",
    }
    assert not Endpoint.objects.exists()


def test_somebody_elses_and_what_is_no_device_cannot_be_dropped(
    page: Client, alice: Person, bob: Person
) -> None:
    device, hook = device_of(bob), hook_of(alice)
    for pk in (device.pk, hook.pk, 0, 2**63, 10**30):
        assert page.delete(f"{PLACE}{pk}/").status_code == 404
    assert send(page, {"token": TOKEN}, "delete").status_code == 404
    assert Endpoint.objects.count() == 2


# What is wrong


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"\xff\xfe", ""),
        (b'{"token": "\xff"}', ""),
        (b'{"token": "\\ud800"}', ""),
        (b"[" * 9_000, ""),
        (b'{"token":' * 1_000, ""),
        (b"NaN", ""),
        (b"null", ""),
        (b"[]", ""),
        (b'"token"', ""),
        (b"9" * 9_000, ""),
        ({}, "token"),
        ({"token": ""}, "token"),
        ({"token": " "}, "token"),
        ({"token": None}, "token"),
        ({"token": 7}, "token"),
        ({"token": True}, "token"),
        ({"token": [TOKEN]}, "token"),
        ({"token": {"token": TOKEN}}, "token"),
        ({"token": "to\0ken"}, "token"),
        ({"token": "x" * 1001}, "token"),
        ({"token": TOKEN, "kind": "pigeon"}, "kind"),
        ({"token": TOKEN, "kind": 1}, "kind"),
        ({"token": TOKEN, "label": "\0"}, "label"),
        ({"token": TOKEN, "label": "x" * 101}, "label"),
        ({"token": TOKEN, "label": None}, "label"),
        ({"token": TOKEN, "channel": "sms"}, "channel"),
        ({"token": TOKEN, "channel": "webhook"}, "channel"),
        ({"token": TOKEN, "channel": "pigeon\0"}, "channel"),
        ({"token": TOKEN, "lable": "Pixel 9"}, "lable"),
        ({"token": TOKEN, "\0": "Pixel 9"}, "\0"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("method", ["post", "delete"])
def test_what_is_wrong_is_said_by_the_name_of_the_field(
    page: Client, body: Any, field: str, method: str
) -> None:
    answer = send(page, body, method)
    no_matter = method == "delete" and isinstance(body, dict) and field == "label"
    assert answer.status_code in ({400, 404} if no_matter else {400}), answer.content
    if not no_matter:
        assert answer.json()["field"] == field
        assert answer.json()["error"]
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("method", ["post", "delete"])
def test_what_is_too_long_is_not_read(page: Client, method: str) -> None:
    answer = send(page, {"token": "x" * 10_000}, method)
    assert answer.status_code == 413
    assert answer.json() == {"error": "Send at most 10000 bytes.", "field": ""}


def test_there_are_no_more_than_so_many(page: Client, alice: Person) -> None:
    for number in range(MOST):
        device_of(alice, f"token-{number}")
    answer = send(page, {"token": "one more"})
    assert (answer.status_code, answer.json()["field"]) == (400, "")
    assert "remove one first" in answer.json()["error"]


@pytest.mark.parametrize(("method", "place"), [("PUT", PLACE), ("PATCH", PLACE), ("GET", f"{PLACE}1/")])
def test_other_methods_are_none(page: Client, method: str, place: str) -> None:
    answer = page.generic(method, place, b"{}", "application/json")
    assert answer.status_code == 405
    assert "DELETE" in answer["Allow"]
    assert "DELETE" in json.loads(answer.content)["error"]


# Who may


@pytest.mark.parametrize("method", ["get", "post", "delete", "put"])
@pytest.mark.parametrize("client", [Client(), Client(enforce_csrf_checks=True)], ids=["", "strict"])
def test_without_a_login_it_is_401_and_no_page(db: None, client: Client, method: str) -> None:
    answer = send(client, {"token": TOKEN}, method)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Log in first.", "field": ""}


def test_with_the_session_of_the_pages_it_needs_the_csrf_token(alice: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    refused = send(strict, {"token": TOKEN})
    assert refused.status_code == 403
    assert "X-CSRFToken" in refused.json()["error"]
    assert strict.delete(f"{PLACE}1/").status_code == 403
    assert strict.get(PLACE).status_code == 200
    token = strict.cookies["csrftoken"].value
    made = send(strict, {"token": TOKEN}, **{"X-CSRFToken": token})
    assert made.status_code == 201
    gone = strict.delete(f"{PLACE}{made.json()['id']}/", headers={"X-CSRFToken": token})
    assert gone.status_code == 204


# Logging out


def test_a_device_is_dropped_when_its_session_logs_out(alice: Person) -> None:
    phone, laptop = logged_in(alice), logged_in(alice)
    send(phone, {"token": TOKEN})
    send(phone, {"token": TOKEN})
    kept = device_of(alice, "token-of-another-phone")
    laptop.post("/logout/")
    assert Endpoint.objects.count() == 2
    phone.post("/logout/")
    assert list(Endpoint.objects.all()) == [kept]


def test_unless_it_is_somebody_elses_by_then(alice: Person, bob: Person) -> None:
    phone = logged_in(alice)
    send(phone, {"token": TOKEN})
    device = device_of(bob)
    phone.post("/logout/")
    assert list(Endpoint.objects.all()) == [device]


def test_a_session_keeps_ids_and_not_many(alice: Person) -> None:
    phone = logged_in(alice)
    for number in range(MOST + 5):
        made = send(phone, {"token": f"token-{number}"}).json()
        phone.delete(f"{PLACE}{made['id']}/")
    kept = Session.objects.get().get_decoded()["engagement_devices"]
    assert kept[-1] == made["id"]
    assert len(kept) == MOST


def test_who_is_not_logged_in_can_log_out(db: None) -> None:
    assert Client().post("/logout/").status_code == 302


# At the same time


@pytest.mark.django_db(transaction=True)
def test_two_people_on_one_device_at_the_same_time(alice: Person, bob: Person) -> None:
    clients = [logged_in(alice), logged_in(bob), logged_in(alice)]
    answers = side_by_side(
        *[lambda client=client: send(client, {"token": TOKEN}).status_code for client in clients]
    )
    assert set(answers) <= {200, 201}, answers
    assert Endpoint.objects.count() == 1
