"""The inbox for programs: JSON over HTTP."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from capabilities.people.models import Person
from engagement.models import AppNotification
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db

PLACE = "/inbox/api/"
PLACES = [PLACE, f"{PLACE}1/", f"{PLACE}read-all/", f"{PLACE}badge/"]


def send(client: Client, place: str, body: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(place, data, "application/json")


def ids(client: Client, **query: Any) -> list[int]:
    return [row["id"] for row in client.get(PLACE, query).json()["notifications"]]


def test_a_notification_is_shown_with_all_that_its_person_may_know(page: Client, alice: Person) -> None:
    row = notified(
        alice, "Kite was told", message="Look", url="/products/7/", reason="you asked", group="kite:7"
    )
    answer = page.get(PLACE)
    assert "no-store" in answer["Cache-Control"]
    found = answer.json()
    assert (found["badge"], found["before"]) == ("1", None)
    [shown] = found["notifications"]
    assert parse_datetime(shown.pop("created_at")) == row.created_at
    assert shown == {
        "id": row.pk,
        "title": "Kite was told",
        "message": "Look",
        "url": "/products/7/",
        "reason": "you asked",
        "event_type": "test.told",
        "category": "test",
        "group": "kite:7",
        "importance": "usual",
        "seen_at": None,
        "read_at": None,
        "archived_at": None,
        "seen": False,
        "read": False,
        "archived": False,
        "why_url": f"/inbox/{row.pk}/why/",
        "open_url": f"/inbox/{row.pk}/open/",
    }
    assert page.get(f"{PLACE}{row.pk}/").json()["id"] == row.pk


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_an_address_that_leads_elsewhere_is_not_given(page: Client, alice: Person, url: str) -> None:
    notified(alice, url=url)
    assert page.get(PLACE).json()["notifications"][0]["url"] == ""


def test_pages_follow_each_other_without_gap_or_overlap(page: Client, alice: Person) -> None:
    rows = fill_inbox(alice, 25)
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 10}
    while query.get("before", 1):
        found = page.get(PLACE, query).json()
        seen += [row["id"] for row in found["notifications"]]
        query["before"] = found["before"]
    assert seen == [row.pk for row in rows[::-1]]
    assert len(ids(page)) == 25


def test_the_unread_and_the_archived_can_be_asked_for(page: Client, alice: Person) -> None:
    unread, read, away, both = (notified(alice) for _ in range(4))
    AppNotification.objects.filter(pk__in=[read.pk, both.pk]).mark_read()
    AppNotification.objects.filter(pk__in=[away.pk, both.pk]).update(archived_at=timezone.now())
    assert ids(page) == [read.pk, unread.pk]
    assert ids(page, unread=1) == [unread.pk]
    assert ids(page, archived="true") == [both.pk, away.pk]
    assert ids(page, archived=1, unread=1) == [away.pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"before": "-1"}, "before"),
        ({"before": "9" * 30}, "before"),
        ({"unread": "perhaps"}, "unread"),
        ({"archived": "2"}, "archived"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(page: Client, query: dict[str, str], field: str) -> None:
    answer = page.get(PLACE, query)
    assert answer.status_code == 400
    assert answer.json()["field"] == field


@pytest.mark.parametrize(("name", "column"), [("read", "read_at"), ("archived", "archived_at")])
def test_one_is_changed_and_changed_back(page: Client, alice: Person, name: str, column: str) -> None:
    row = notified(alice)
    place = f"{PLACE}{row.pk}/"
    assert send(page, place, {name: True}).json()[name] is True
    row.refresh_from_db()
    moment = getattr(row, column)
    assert moment is not None
    send(page, place, {name: True})
    row.refresh_from_db()
    assert getattr(row, column) == moment, "it keeps the time at which it was done first"
    answer = send(page, place, {name: False})
    assert (answer.json()[name], answer.json()[column]) == (False, None)


def test_several_things_are_changed_at_once(page: Client, alice: Person) -> None:
    row = notified(alice)
    shown = send(page, f"{PLACE}{row.pk}/", {"read": True, "archived": True, "seen": True}).json()
    assert (shown["read"], shown["archived"], shown["seen"]) == (True, True, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        (b"", ""),
        (b"[]", ""),
        ({"read": "yes"}, "read"),
        ({"seen": False}, "seen"),
        ({"title": "Mine"}, "title"),
        ({"read": None}, ""),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(page: Client, alice: Person, body: Any, field: str) -> None:
    row = notified(alice)
    answer = send(page, f"{PLACE}{row.pk}/", body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.json()["error"]
    row.refresh_from_db()
    assert row.read_at is None


@pytest.mark.parametrize("pk", [None, 0, 2**63, 10**30])
def test_what_is_somebody_elses_or_is_not_there_is_not_found(
    page: Client, bob: Person, pk: int | None
) -> None:
    row = notified(bob)
    place = f"{PLACE}{row.pk if pk is None else pk}/"
    for answer in (page.get(place), send(page, place, {"read": True})):
        assert answer.status_code == 404
        assert answer.json() == {"error": "You have no such notification.", "field": ""}
    row.refresh_from_db()
    assert row.read_at is None


def test_all_are_marked_as_read_or_those_up_to_one(page: Client, alice: Person, bob: Person) -> None:
    second = fill_inbox(alice, 3)[1]
    notified(bob)
    place = f"{PLACE}read-all/"
    assert send(page, place, {"up_to": second.pk}).json() == {"marked": 2, "badge": "1"}
    assert send(page, place, {}).json() == {"marked": 1, "badge": ""}
    assert AppNotification.objects.unread().count() == 1
    assert send(page, place, {"up_to": -1}).json()["field"] == "up_to"
    assert send(page, place, {"up_to": 2**63}).status_code == 400


def test_the_badge_is_that_of_the_pages(page: Client, alice: Person) -> None:
    assert page.get(f"{PLACE}badge/").json() == {"badge": ""}
    fill_inbox(alice, 100)
    assert page.get(f"{PLACE}badge/").json() == {"badge": "99+"}


@pytest.mark.parametrize("place", PLACES)
def test_whoever_is_not_logged_in_is_told_so(client: Client, place: str) -> None:
    for answer in (client.get(place), send(client, place, {})):
        assert (answer.status_code, answer.json()) == (401, {"error": "Log in first.", "field": ""})


@pytest.mark.parametrize("place", PLACES)
def test_other_methods_are_refused_in_json(page: Client, place: str) -> None:
    answer = page.delete(place)
    assert answer.status_code == 405
    assert answer["Allow"]
    assert answer.json()["error"].startswith("Use ")


@pytest.mark.parametrize("place", [f"{PLACE}1/", f"{PLACE}read-all/"])
def test_a_change_needs_the_csrf_token(alice: Person, place: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = send(client, place, {"read": True})
    assert answer.status_code == 403
    assert "X-CSRFToken" in answer.json()["error"]
    token = client.get(PLACE).cookies["csrftoken"].value
    row = notified(alice)
    accepted = client.post(
        f"{PLACE}{row.pk}/", b'{"read": true}', "application/json", headers={"X-CSRFToken": token}
    )
    assert accepted.json()["read"] is True
