"""Publishing: validated first, then all in the caller's transaction."""

import asyncio
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Organisation, Person
from events.bus import (
    Draft,
    EventTypes,
    InvalidPayload,
    UnknownEventType,
    event_bus,
    get_event_bus,
    reference,
)
from events.models import EventLog, HandlerRun
from events.priority import Priority
from tests.polling import eventually
from tests.probe.events import Forked, Hurried, Ordered, Pinged, Unheard, Whispered

pytestmark = pytest.mark.django_db


def test_an_event_is_logged_with_a_run_for_each_handler() -> None:
    logged = event_bus.publish(Forked(seconds=1))
    stored = EventLog.objects.get()
    assert stored.pk == logged.pk
    assert (stored.type, stored.payload, stored.version) == ("test.forked", {"seconds": 1.0}, 1)
    runs = HandlerRun.objects.order_by("id")
    assert [(run.event_id, run.handler, run.state) for run in runs] == [
        (logged.pk, "probe.left", "pending"),
        (logged.pk, "probe.right", "pending"),
        (logged.pk, "probe.broken", "pending"),
    ]


def test_what_comes_back_is_what_was_stored() -> None:
    returned = event_bus.publish(Pinged(note="é\u2028"), key="k", about="kite:1")
    stored = EventLog.objects.get(pk=returned.pk)
    for field in EventLog._meta.concrete_fields:
        assert getattr(returned, field.attname) == getattr(stored, field.attname), field.name


def test_by_name_is_the_same_as_by_payload() -> None:
    by_name = get_event_bus().publish("test.pinged", {"note": "x"})
    by_constant = get_event_bus().publish(EventTypes.TEST_PINGED, {"note": "x"})
    by_payload = get_event_bus().publish(Pinged(note="x"))
    assert by_name.payload == by_constant.payload == by_payload.payload
    assert by_name.type == by_constant.type == by_payload.type == "test.pinged"


def test_it_takes_one_statement_of_its_own(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        event_bus.publish(Forked())


def test_ten_thousand_take_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        logged = event_bus.publish_many(Pinged(note=str(number)) for number in range(10_000))
    assert [event.payload["note"] for event in logged[::1000]] == [
        str(number) for number in range(0, 10_000, 1000)
    ]
    assert EventLog.objects.count() == HandlerRun.objects.count() == 10_000
    assert [event.pk for event in logged] == sorted(event.pk for event in logged)


def test_nothing_to_publish_is_no_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert event_bus.publish_many([]) == []


def test_an_event_that_nobody_hears_is_logged() -> None:
    event_bus.publish(Unheard())
    assert EventLog.objects.get().status() == "unheard"


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_rolls_back_leaves_nothing() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        event_bus.publish(Pinged())
        raise RuntimeError
    assert not EventLog.objects.exists()
    assert not HandlerRun.objects.exists()


@pytest.mark.parametrize(
    ("name", "data", "error", "message"),
    [
        ("test.pingd", {}, UnknownEventType, r"Did you mean test\.pinged"),
        ("test.pinged", {"note": 3}, InvalidPayload, "note: Input should be a valid string"),
        ("test.pinged", {"nota": "x"}, InvalidPayload, "nota: Extra inputs"),
        ("test.told", {}, InvalidPayload, "people: Field required"),
        ("test.pinged", {"note": "a\0b"}, InvalidPayload, "note: contains a NUL"),
        ("test.pinged", {"note": "\ud800"}, InvalidPayload, "note: "),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    name: str,
    data: dict[str, Any],
    error: type[Exception],
    message: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0), pytest.raises(error, match=message):
        event_bus.publish(name, data)


def test_one_wrong_event_of_many_stops_all(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0), pytest.raises(InvalidPayload):
        event_bus.publish_many([Pinged(), Draft("test.pinged", {"note": 1})])


@pytest.mark.parametrize("envelope", [{"key": "k" * 201}, {"about": "a" * 201}, {"key": ""}])
def test_an_envelope_that_would_not_fit_is_refused_in_time(
    envelope: dict[str, str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), pytest.raises(InvalidPayload):
        event_bus.publish(Pinged(), key=envelope.get("key"), about=envelope.get("about"))


def test_an_order_key_that_would_not_fit_is_refused_in_time(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0), pytest.raises(InvalidPayload, match=r"ordered_by\(\)"):
        event_bus.publish(Ordered(key="k" * 201))


@pytest.mark.parametrize(
    "envelope",
    [
        {"actor": "abc"},
        {"actor": 2**63},
        {"actor": float("inf")},
        {"actor": object()},
        {"actor": Person},
        {"correlation_id": "zz"},
        {"correlation_id": object()},
        {"key": 5},
        {"key": b"k"},
        {"about": object()},
        {"about": Person},
    ],
)
def test_an_envelope_of_the_wrong_kind_is_refused_in_time(
    envelope: dict[str, Any], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """An error of the database would break the transaction of a caller who means to go on."""
    with django_assert_num_queries(0), pytest.raises((InvalidPayload, TypeError), match=next(iter(envelope))):
        event_bus.publish(Pinged(), **envelope)


@pytest.mark.parametrize("data", [[1, 2], 5, "note", {1, 2}])
def test_data_is_a_dict(data: Any, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0), pytest.raises(TypeError, match="data takes a dict"):
        event_bus.publish("test.pinged", data)


def _nested(depth: int) -> list[Any]:
    return [_nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    "value",
    [
        object(),
        b"\xff",
        float("nan"),
        [float("-inf")],
        {"deep": {"down": float("nan")}},
        [10**5000],
        {"a\0b": 1},
        {object(): 1},
        _nested(400),
    ],
)
def test_a_value_that_json_cannot_hold_is_refused_in_time(
    value: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), pytest.raises(InvalidPayload):
        event_bus.publish("task.enqueued", {"function": "x", "arguments": {"value": value}})


def test_what_is_unusual_but_fits_is_published(alice: Person) -> None:
    correlation = uuid4()
    arguments = {"big": 10**4000, "float": 0.1, "nested": _nested(100)}
    event_bus.publish(
        "task.enqueued",
        {"function": "x", "arguments": arguments},
        actor=str(alice.pk),
        correlation_id=str(correlation),  # type: ignore[arg-type]
    )
    logged = EventLog.objects.get()
    assert (logged.actor, logged.correlation_id) == (alice, correlation)
    assert logged.read().model_dump()["arguments"] == arguments


def test_a_payload_takes_no_data() -> None:
    with pytest.raises(TypeError, match="either a payload"):
        event_bus.publish(Pinged(), {"note": "x"})


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Pinged, r"Give an instance, Pinged\(\.\.\.\), not the class\."),
        ({"note": "x"}, r"Give a payload, .*or a wire name and its data.* the type dict\."),
        (None, "the type NoneType"),
        (7, "the type int"),
    ],
)
def test_what_is_no_event_is_refused_with_what_to_give(event: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        event_bus.publish(event)
    with pytest.raises(TypeError, match=message):
        event_bus.publish_many([Pinged(), event])
    assert not EventLog.objects.exists()


def test_published_twice_with_one_key_it_is_logged_once() -> None:
    first = event_bus.publish(Pinged(note="first"), key="import-7")
    second = event_bus.publish(Pinged(note="second"), key="import-7")
    assert second.pk == first.pk
    assert second.payload == {"note": "first", "seconds": 0.0}
    assert EventLog.objects.count() == HandlerRun.objects.count() == 1


def test_a_key_belongs_to_a_type() -> None:
    event_bus.publish(Pinged(), key="import-7")
    event_bus.publish(Hurried(), key="import-7")
    assert EventLog.objects.count() == 2


def test_keys_are_found_among_many_and_within_the_same_call() -> None:
    before = event_bus.publish(Pinged(note="before"), key="a")
    drafts = [
        Draft(Pinged(note="again"), key="a"),
        Draft(Pinged(note="new"), key="b"),
        Draft(Pinged(note="twice"), key="b"),
        Draft(Pinged(note="none")),
    ]
    logged = event_bus.publish_many(drafts)
    assert [event.payload["note"] for event in logged] == ["before", "new", "new", "none"]
    assert logged[0].pk == before.pk
    assert EventLog.objects.count() == HandlerRun.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_publishers_of_one_key_at_once_log_it_once() -> None:
    results: list[int] = []
    barrier = threading.Barrier(2)

    def publish() -> None:
        try:
            with transaction.atomic():
                barrier.wait()
                results.append(event_bus.publish(Pinged(), key="import-7").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert len(set(results)) == 1
    assert EventLog.objects.count() == HandlerRun.objects.count() == 1


def test_the_envelope_says_who_did_it_and_to_what(alice: Person) -> None:
    organisation = Organisation.objects.create(name="Kite Works")
    logged = event_bus.publish(Pinged(), actor=alice, about=organisation)
    assert logged.actor_id == alice.pk
    assert logged.about == f"people.organisation:{organisation.pk}"
    assert event_bus.publish(Pinged(), actor=alice.pk, about="a:1").actor_id == alice.pk
    assert event_bus.publish(Pinged(), actor=AnonymousUser()).actor_id is None


def test_an_object_must_be_saved_before_it_is_referred_to() -> None:
    with pytest.raises(ValueError, match="save it before"):
        event_bus.publish(Pinged(), about=Organisation(name="x"))


def test_a_reference_is_the_model_and_the_primary_key(alice: Person) -> None:
    assert reference(alice) == f"people.person:{alice.pk}"
    assert reference("kite:1") == "kite:1"
    assert reference(None) == ""


def test_an_event_begins_a_story_of_its_own_unless_told_otherwise() -> None:
    story = uuid4()
    first = event_bus.publish(Pinged())
    assert first.correlation_id == first.event_id
    assert first.causation_id is None
    assert event_bus.publish(Pinged(), correlation_id=story).correlation_id == story


def test_the_priority_is_the_types() -> None:
    event_bus.publish(Hurried())
    event_bus.publish(Pinged())
    assert list(HandlerRun.objects.order_by("id").values_list("priority", flat=True)) == [
        Priority.URGENT,
        Priority.USUAL,
    ]


def test_an_event_may_be_deleted_after_its_retention() -> None:
    with freeze_time("2026-11-20 12:00:00"):
        logged = event_bus.publish(Pinged())
        assert logged.delete_at == timezone.now() + timedelta(days=90)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(note=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_any_text_survives_the_log(note: str) -> None:
    with transaction.atomic():
        logged = event_bus.publish(Pinged(note=note))
        assert EventLog.objects.get(pk=logged.pk).read() == Pinged(note=note)
        transaction.set_rollback(True)


def test_publishing_with_a_broken_clock_of_the_caller_is_still_due() -> None:
    with freeze_time("2031-01-01"):
        event_bus.publish(Pinged())
    assert HandlerRun.claim(1)


def wake_ups(statements: CaptureQueriesContext) -> int:
    """Return how many times workers were woken."""
    return sum("pg_notify" in each["sql"] for each in statements.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_the_wake_up_is_one_for_many_publishes() -> None:
    with CaptureQueriesContext(connection) as statements, transaction.atomic():
        for _ in range(5):
            with transaction.atomic():
                event_bus.publish(Pinged())
    assert wake_ups(statements) == 1


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_that_a_savepoint_took_with_it_is_made_up_for() -> None:
    for published, expected in ((False, 0), (True, 1)):
        with CaptureQueriesContext(connection) as statements, transaction.atomic():
            with pytest.raises(RuntimeError), transaction.atomic():
                event_bus.publish(Pinged())
                raise RuntimeError
            if published:
                event_bus.publish(Pinged())
        assert wake_ups(statements) == expected


def test_on_a_running_loop_it_says_what_to_do() -> None:
    async def main() -> None:
        event_bus.publish(Pinged())

    with pytest.raises(SynchronousOnlyOperation, match=r"await event_bus\.apublish"):
        asyncio.run(main())


@pytest.mark.django_db(transaction=True)
def test_apublish_works_on_a_running_loop() -> None:
    async def main() -> EventLog:
        try:
            return await event_bus.apublish(Pinged(note="async"), key="k")
        finally:
            await sync_to_async(connections.close_all)()

    logged = asyncio.run(main())
    assert EventLog.objects.get().pk == logged.pk
    assert HandlerRun.objects.get().event_id == logged.pk


@pytest.mark.django_db(transaction=True)
def test_publishers_of_one_order_key_take_turns_until_they_commit() -> None:
    """Without it, a later event could be claimed while an earlier one is not committed yet."""
    in_transaction, may_commit, order = threading.Event(), threading.Event(), []

    def first() -> None:
        with transaction.atomic():
            event_bus.publish(Ordered(key="a", number=1))
            in_transaction.set()
            assert may_commit.wait(10)
            order.append(1)
        connection.close()

    def second() -> None:
        assert in_transaction.wait(10)
        event_bus.publish(Ordered(key="a", number=2))
        order.append(2)
        connection.close()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    assert in_transaction.wait(10)
    eventually(lambda: _waiting_for_a_lock(), what="the second publisher waits")
    may_commit.set()
    for thread in threads:
        thread.join()
    assert order == [1, 2]
    assert [event.payload["number"] for event in EventLog.objects.order_by("id")] == [1, 2]


def _waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def test_pydantic_says_itself_what_is_wrong_with_a_payload() -> None:
    with pytest.raises(ValidationError, match="code"):
        Whispered()  # type: ignore[call-arg]
