"""The log in the admin: readable, complete, read-only."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from events.bus import event_bus
from events.drain import drain
from events.listing import COUNT_LIMIT, CappedPaginator
from events.models import EventLog, HandlerRun
from tests.conftest import make_person
from tests.events.big import fill
from tests.events.owed import make_runs
from tests.probe.events import Forked, Pinged, Unheard, Whispered

pytestmark = pytest.mark.django_db

EVENTS = "/admin/events/eventlog/"
RUNS = "/admin/events/handlerrun/"


@pytest.fixture
def operator(client: Client) -> Client:
    """A browser in which a superuser is logged in."""
    client.force_login(make_person("operator", is_staff=True, is_superuser=True))
    return client


def page(operator: Client, address: str) -> str:
    """Return a page that must be there."""
    response = operator.get(address)
    assert response.status_code == 200, response
    return response.content.decode()


def test_the_log_shows_events_with_their_display_name_and_status(operator: Client) -> None:
    event_bus.publish(Forked(), about="kite:1")
    event_bus.publish(Unheard())
    drain()
    text = page(operator, EVENTS)
    assert "Forked" in text
    assert "kite:1" in text
    assert "pending" in text
    assert "unheard" in text


def test_an_event_shows_its_payload_and_its_runs_with_attempts_and_last_error(operator: Client) -> None:
    logged = event_bus.publish(Forked(seconds=0))
    drain()
    text = page(operator, f"{EVENTS}{logged.pk}/change/")
    assert "&quot;seconds&quot;: 0.0" in text
    for handler in ("probe.left", "probe.right", "probe.broken"):
        assert handler in text
    assert "ValueError: This one never works." in text
    assert "retrying" in text


def test_a_secret_is_masked(operator: Client) -> None:
    logged = event_bus.publish(Whispered(code="s3cr3t"))
    assert "s3cr3t" not in page(operator, f"{EVENTS}{logged.pk}/change/")
    assert "s3cr3t" not in page(operator, EVENTS)
    (run,) = HandlerRun.objects.all()
    assert "s3cr3t" not in page(operator, f"{RUNS}{run.pk}/change/")


def test_a_hostile_payload_is_only_text(operator: Client) -> None:
    logged = event_bus.publish(Pinged(note="<script>alert(1)</script>"))
    text = page(operator, f"{EVENTS}{logged.pk}/change/")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_an_event_whose_type_is_registered_no_more_can_be_read(operator: Client) -> None:
    logged = event_bus.publish(Pinged())
    EventLog.objects.update(type="kite.unknown")
    assert "kite.unknown" in page(operator, f"{EVENTS}{logged.pk}/change/")


@pytest.mark.parametrize(
    ("status", "state", "finished"),
    [
        ("pending", "pending", False),
        ("retrying", "retrying", False),
        ("done", "succeeded", True),
        ("dead", "dead", True),
    ],
)
def test_events_are_found_by_status(operator: Client, status: str, state: str, finished: bool) -> None:
    make_runs(state=state, finished_at="2026-11-20 00:00:00+00:00" if finished else None)
    assert EventLog.objects.get().status() == status
    for other in ("unheard", "pending", "retrying", "running", "done", "dead"):
        expected = "1 event\n" if other == status else "0 events\n"
        assert expected in page(operator, f"{EVENTS}?status={other}"), other


def test_an_event_of_which_one_run_failed_and_another_has_yet_to_begin_is_retrying() -> None:
    event_bus.publish(Forked())
    HandlerRun.objects.filter(handler="probe.broken").update(state="retrying")
    logged = EventLog.objects.get()
    assert logged.status() == "retrying"
    assert list(EventLog.objects.retrying()) == [logged]
    assert not EventLog.objects.pending().exists()


def test_the_list_is_short_and_says_who_and_what(operator: Client, alice: Person) -> None:
    event_bus.publish(Pinged(), about=alice, actor=alice)
    gone = event_bus.publish(Pinged(), about="the 7.30 import", actor=999_999)
    event_bus.publish(Pinged(), about="x" * 200)
    HandlerRun.objects.filter(event=gone).update(handler="kites.handlers.fly")
    text = page(operator, EVENTS)
    assert re.search(rf"<td class=\"field-short_about\">person:{alice.pk}</td>", text)
    assert "people.person:" not in text
    assert "the 7.30 import" in text
    assert "x" * 41 not in text
    assert re.search(r"<td class=\"field-actor_name\">Alice Arden</td>", text)
    assert "#999999" in text
    assert "kites<wbr>.handlers<wbr>.fly" in page(operator, RUNS)


def test_an_event_shows_its_wire_name_and_its_actor(operator: Client, alice: Person) -> None:
    logged = event_bus.publish(Pinged(), about=alice, actor=alice)
    text = page(operator, f"{EVENTS}{logged.pk}/change/")
    assert ">test.pinged<" in text
    assert ">Pinged<" in text
    assert ">Alice Arden<" in text
    nobodys = event_bus.publish(Pinged())
    assert ">None<" not in page(operator, f"{EVENTS}{nobodys.pk}/change/")
    assert f">people.person:{alice.pk}<" in text


def test_events_are_found_by_type_object_and_key(operator: Client) -> None:
    event_bus.publish(Pinged(), about="kite:1", key="import-7")
    event_bus.publish(Unheard())
    assert "1 event" in page(operator, f"{EVENTS}?type=test.pinged")
    assert "1 event" in page(operator, f"{EVENTS}?q=kite:1")
    assert "1 event" in page(operator, f"{EVENTS}?q=import-7")
    assert "0 event" in page(operator, f"{EVENTS}?q=nothing")


def test_events_are_found_by_number_event_id_and_correlation(operator: Client) -> None:
    first, _ = event_bus.publish(Pinged()), event_bus.publish(Unheard())
    for term in (first.pk, first.event_id, str(first.correlation_id).upper(), f" {first.event_id.hex} "):
        assert "1 event" in page(operator, f"{EVENTS}?q={term}"), term


@pytest.mark.parametrize("term", ["9" * 40, "-1", "%00", "a b", "%27", "1e5", "²", "{}"])
@pytest.mark.parametrize("address", [EVENTS, RUNS])
def test_whatever_is_searched_for_is_no_error(operator: Client, address: str, term: str) -> None:
    event_bus.publish(Pinged())
    assert operator.get(f"{address}?q={term}").status_code == 200


def test_runs_are_found_by_event_and_by_handler_unless_they_are_done(operator: Client) -> None:
    first, _ = make_runs(2)
    assert "1 handler run" in page(operator, f"{RUNS}?q={first.event_id}")
    assert "2 handler runs" in page(operator, f"{RUNS}?q=probe.ping")
    HandlerRun.objects.filter(pk=first.pk).update(state="succeeded", finished_at=timezone.now())
    assert "1 handler run" in page(operator, f"{RUNS}?q=probe.ping")
    assert "0 handler runs" in page(operator, f"{RUNS}?q=probe")


def test_a_garbled_filter_is_no_error(operator: Client) -> None:
    event_bus.publish(Pinged())
    assert "1 event" in page(operator, f"{EVENTS}?status=delete")
    assert operator.get(f"{EVENTS}999999999/change/").status_code in {302, 404}


@pytest.mark.parametrize("address", [EVENTS, RUNS])
def test_nothing_can_be_added_changed_or_deleted(operator: Client, address: str) -> None:
    logged = event_bus.publish(Pinged())
    (run,) = HandlerRun.objects.all()
    pk = logged.pk if address == EVENTS else run.pk
    assert operator.get(f"{address}add/").status_code == 403
    assert operator.post(f"{address}{pk}/change/", {"type": "x"}).status_code == 403
    assert operator.post(f"{address}{pk}/delete/", {"post": "yes"}).status_code == 403
    operator.post(address, {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"})
    assert EventLog.objects.filter(pk=logged.pk, type="test.pinged").exists()
    assert HandlerRun.objects.filter(pk=run.pk).exists()
    text = page(operator, f"{address}{pk}/change/")
    assert 'name="_save"' not in text
    assert "deletelink" not in text


def test_staff_see_it_only_with_the_permission(client: Client) -> None:
    person: Person = make_person("staff", is_staff=True)
    client.force_login(person)
    assert client.get(EVENTS).status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="view_eventlog"))
    assert client.get(EVENTS).status_code == 200


@pytest.mark.parametrize("address", [EVENTS, RUNS])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    operator: Client, address: str, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    fill(300)
    with django_assert_max_num_queries(9):
        page(operator, address)


def test_counting_stops_at_ten_thousand(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    fill(COUNT_LIMIT + 50)
    with django_assert_num_queries(1) as queries:
        assert CappedPaginator(EventLog.objects.order_by("-id"), 100).count == COUNT_LIMIT
    assert f"LIMIT {COUNT_LIMIT}" in queries.captured_queries[0]["sql"]
