"""The live inbox on a real web server: what happens in the database is in every open stream."""

from collections.abc import Iterator

import httpx
import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from capabilities.people.models import Person
from engagement import inbox
from engagement.models import AppNotification
from engagement.notifier import retract
from events.bus import event_bus
from events.drain import drain
from events.sql import execute, fetch
from tests.browser import Web
from tests.conftest import make_people
from tests.engagement.live.streams import PLACE, Stream, cookies, session_of, streams
from tests.engagement.samples import fill_inbox, notified
from tests.polling import eventually
from tests.probe.events import Told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
LISTENERS = "FROM pg_stat_activity WHERE application_name = %s AND query LIKE 'LISTEN%%'"


@pytest.fixture
def web(transactional_db: None) -> Iterator[Web]:
    with Web() as found:
        yield found
        print(found.log()[-8000:])  # noqa: T201 - pytest shows it with a failure


def tell(*people: Person | int) -> None:
    """Publish an event that concerns these people, and have it worked off."""
    event_bus.publish(Told(people=[getattr(each, "pk", each) for each in people]))
    drain()


def test_a_stream_begins_with_the_badge_and_the_newest(web: Web, alice: Person, bob: Person) -> None:
    rows = fill_inbox(alice, 51)
    notified(bob, "private")
    with streams(web.url, session_of(alice)) as [stream]:
        assert stream.names() == ["state"]
        assert stream.badge == "51"
        assert stream.titles() == [row.title for row in rows[:0:-1]]
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"


def test_what_is_told_appears_in_every_tab_of_those_whom_it_concerns(
    web: Web, alice: Person, bob: Person, carol: Person
) -> None:
    with streams(web.url, *map(session_of, [alice, alice, bob, carol])) as found:
        tell(alice, bob)
        for stream in found[:3]:
            stream.holds(1)
            assert stream.names() == ["state", "upsert"]
            assert stream.badge == "1"
            [row] = stream.rows.values()
            assert (row["reason"], row["read"]) == ("you are on the list", False)
        tell(carol)
        eventually(lambda: len(found[3].rows) == 1)
        assert [len(each.rows) for each in found] == [1, 1, 1, 1]


def test_what_is_read_unread_and_archived_follows_in_every_tab(web: Web, alice: Person, bob: Person) -> None:
    row = notified(alice)
    with streams(web.url, *map(session_of, [alice, alice, bob])) as [one, other, bobs]:
        row.mark_as_read()
        for stream in (one, other):
            stream.badge_is("")
            assert stream.rows[row.pk]["read"]
        AppNotification.objects.filter(pk=row.pk).mark_unread()
        eventually(lambda: not one.rows[row.pk]["read"] and one.badge == "1")
        AppNotification.objects.filter(pk=row.pk).update(archived_at=timezone.now())
        eventually(lambda: other.rows[row.pk]["archived"] and other.badge == "")
        assert bobs.names() == ["state"]


def test_what_is_withdrawn_disappears(web: Web, alice: Person, bob: Person) -> None:
    with streams(web.url, *map(session_of, [alice, bob])) as found:
        for stream, person in zip(found, (alice, bob), strict=True):
            notified(person, "Stays")
            AppNotification.objects.create(
                event_id=-person.pk, person=person, event_type="test.told", category="test", title="Goes",
                about="kite:1",
            )  # fmt: skip
            inbox.mark_all_read(person)
            stream.until("Goes", "Stays")
        retract("kite:1")
        for stream in found:
            stream.until("Stays")
            assert stream.names()[-1] == "remove"


def test_much_at_a_time_is_a_new_state(web: Web, alice: Person) -> None:
    fill_inbox(alice, 120)
    with streams(web.url, session_of(alice)) as [stream]:
        assert stream.badge == "99+"
        inbox.mark_all_read(alice)
        eventually(lambda: stream.badge == "")
        assert stream.names() == ["state", "state"]
        assert all(row["read"] for row in stream.rows.values())


def test_nothing_is_told_of_what_is_rolled_back(web: Web, alice: Person) -> None:
    row = notified(alice)
    with streams(web.url, session_of(alice)) as [stream]:
        with transaction.atomic():
            row.mark_as_read()
            transaction.set_rollback(True)
        tell(alice)
        eventually(lambda: len(stream.rows) == 2)
        assert stream.names() == ["state", "upsert"]


def test_the_listening_connection_is_killed_and_nothing_is_missing(web: Web, alice: Person) -> None:
    with streams(web.url, session_of(alice), session_of(alice)) as found:
        assert fetch(f"SELECT count(*) {LISTENERS}", [web.name]) == [(1,)]
        fetch(f"SELECT pg_terminate_backend(pid) {LISTENERS}", [web.name])
        notified(alice, "while nobody listened")
        for stream in found:
            stream.until("while nobody listened")
        tell(alice)
        eventually(lambda: all(len(each.rows) == 2 for each in found))
        assert fetch(f"SELECT count(*) {LISTENERS}", [web.name]) == [(1,)]


def test_every_connection_is_killed_and_nothing_is_missing(web: Web, alice: Person) -> None:
    with streams(web.url, session_of(alice)) as [stream]:
        fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [web.name]
        )
        tell(alice)
        eventually(lambda: len(stream.rows) == 1)
        tell(alice)
        eventually(lambda: len(stream.rows) == 2)


def test_logging_out_closes_the_streams_of_the_session_and_no_other(web: Web, alice: Person) -> None:
    here, elsewhere = session_of(alice), session_of(alice)
    with streams(web.url, here, here, elsewhere) as found:
        here.post("/logout/")
        for stream in found[:2]:
            stream.over()
        tell(alice)
        eventually(lambda: len(found[2].rows) == 1)
        assert not found[2].is_over
        assert httpx.get(web.url + PLACE, cookies=cookies(here)).status_code == 401


def test_an_account_that_is_deactivated_or_deleted_loses_its_streams(
    web: Web, alice: Person, bob: Person, carol: Person
) -> None:
    with streams(web.url, *map(session_of, [alice, bob, carol])) as found:
        alice.is_active = False
        alice.save()
        bob.delete()
        carol.save()
        for stream in found[:2]:
            stream.over()
        tell(carol)
        eventually(lambda: len(found[2].rows) == 1)


def test_nobody_else_and_nobody_at_all_gets_a_stream(web: Web, alice: Person, bob: Person) -> None:
    from engagement.live.place import stream_url

    answer = httpx.get(web.url + PLACE)
    assert (answer.status_code, answer.json()) == (401, {"error": "Log in first.", "field": ""})
    assert "location" not in answer.headers
    place = web.url + stream_url(alice)
    assert httpx.get(place, cookies=cookies(session_of(bob))).status_code == 401
    assert httpx.post(place, cookies=cookies(session_of(alice))).status_code in {403, 405}
    with streams(web.url, session_of(alice), place=stream_url(alice)) as [stream]:
        assert stream.status == 200


def test_a_person_has_twenty_streams_and_is_told_so(web: Web, alice: Person, bob: Person) -> None:
    client = session_of(alice)
    with streams(web.url, *[client] * 20, session_of(bob)) as found:
        answer = httpx.get(web.url + PLACE, cookies=cookies(client))
        assert answer.status_code == 429
        assert answer.json()["error"] == "You have 20 streams open; close one."
        assert answer.headers["retry-after"] == "60"
        assert not any(each.is_over for each in found)


def test_a_hundred_streams_cost_three_connections_and_no_threads(web: Web) -> None:
    import psutil

    people = Person.objects.filter(pk__in=make_people(100))
    clients = [session_of(each) for each in people]
    with streams(web.url, clients[0]):
        tell(*people)
        threads = psutil.Process(web.pid).num_threads()
    with streams(web.url, *clients) as found:
        tell(*people)
        eventually(lambda: all(len(each.rows) == 2 for each in found), timeout=30)
        ((connections,),) = fetch(CONNECTIONS, [web.name])
        assert connections <= 12, "a pool of ten, one that listens and one that reads"
        eventually(lambda: psutil.Process(web.pid).num_threads() <= threads + 20)


def test_a_client_that_does_not_read_is_dropped_and_holds_up_nobody(web: Web, alice: Person) -> None:
    import socket

    client = session_of(alice)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies(client).items())
    with socket.create_connection(("127.0.0.1", web.port)) as slow, streams(web.url, client) as [quick]:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET {PLACE} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        rows = fill_inbox(alice, 100)
        execute("UPDATE engagement_appnotification SET message = repeat('long ', 780)")
        for _ in range(60):
            AppNotification.objects.filter(pk__in=[row.pk for row in rows]).update(read_at=timezone.now())
        eventually(lambda: "returned without completing response" in web.log(), timeout=30)
        tell(alice)
        eventually(lambda: len(quick.rows) >= 50)
        assert not quick.is_over


def test_a_server_that_is_not_asynchronous_says_so(client: Client, alice: Person) -> None:
    client.force_login(alice)
    answer = client.get(PLACE)
    assert answer.status_code == 501
    assert "ASGI" in answer.json()["error"]


def test_streams_that_are_left_are_forgotten(web: Web, alice: Person) -> None:
    client = session_of(alice)
    for _ in range(25):
        stream = Stream(web.url + PLACE, client).begun()
        stream.close()
        tell(alice)
        stream.over()
