"""One attempt at a piece of work, and what is recorded of it."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.utils import timezone
from psycopg import errors

from engagement.models import NotificationBatch
from events.bus import Cancel, InvalidEventType, RetryLater, cause, event_bus, handler, handlers, subscribe
from events.drain import drain
from events.handle import attempt
from events.models import EventLog, HandlerRun
from tests.events.owed import lapse_leases, make_due, make_runs, seconds_until_available, state_of
from tests.probe.events import (
    Awaited,
    Chained,
    Forked,
    Pinged,
    Unheard,
    Whispered,
)
from tests.probe.models import Call

pytestmark = pytest.mark.django_db


def run_of(note: str) -> HandlerRun:
    """Publish a ping, attempt its run, and return the run as stored."""
    event_bus.publish(Pinged(note=note))
    (run,) = HandlerRun.claim(1)
    attempt(run)
    return HandlerRun.objects.get()


def test_a_handler_that_returns_is_done_in_one_transaction_with_its_effects() -> None:
    run = run_of("fine")
    assert run.state == "succeeded"
    assert Call.objects.get().note == "fine"


def test_a_handler_that_raises_is_retried_and_its_effects_are_gone() -> None:
    run = run_of("fail")
    assert (run.state, run.failed) == ("retrying", 1)
    assert run.last_error.startswith("ValueError: It does not work.\n")
    assert "in ping" in run.last_error
    assert not Call.objects.exists()


def test_a_handler_that_cancels_is_not_retried() -> None:
    run = run_of("cancel")
    assert (run.state, run.failed, run.last_error) == ("cancelled", 0, "It has become pointless.")
    assert not Call.objects.exists()


def test_a_handler_that_wants_to_be_called_later_has_not_failed() -> None:
    run = run_of("later")
    assert (run.state, run.failed, run.last_error) == ("retrying", 0, "The kettle is not hot yet.")


def test_a_handler_that_exits_has_failed_and_does_not_take_the_worker_with_it() -> None:
    run = run_of("exit")
    assert (run.state, run.failed) == ("retrying", 1)
    assert run.last_error.startswith("SystemExit: 1")


def test_ctrl_c_comes_out_and_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    event_bus.publish(Pinged())

    def interrupt(event: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(interrupt))
    with pytest.raises(KeyboardInterrupt):
        drain()
    run = HandlerRun.objects.get()
    assert (run.state, run.failed, run.crashed) == ("pending", 0, 0)


def test_lost_work_is_not_begun(caplog: pytest.LogCaptureFixture) -> None:
    make_runs()
    (run,) = HandlerRun.claim(1)
    lapse_leases()
    HandlerRun.expire()
    attempt(run)
    assert not Call.objects.exists()
    assert "The lease of probe.ping" in caplog.text


def test_the_handler_gets_the_payload_with_its_envelope() -> None:
    logged = event_bus.publish(Pinged(note="x"), about="kite:1", key="k")
    seen: list[Pinged] = []
    found = handlers.find("probe.ping")
    assert found
    (run,) = HandlerRun.claim(1)
    payload = run.event.read()
    seen.append(payload)  # type: ignore[arg-type]
    assert seen == [Pinged(note="x")]
    envelope = payload.envelope
    assert (envelope.id, envelope.about, envelope.key) == (logged.pk, "kite:1", "k")
    assert (envelope.event_id, envelope.correlation_id) == (logged.event_id, logged.event_id)


def test_what_a_handler_publishes_is_caused_by_its_event() -> None:
    parent = event_bus.publish(Chained(note="x"))
    (run,) = HandlerRun.claim(1)
    attempt(run)
    child = EventLog.objects.get(type="test.pinged")
    assert child.causation_id == parent.event_id
    assert child.correlation_id == parent.correlation_id
    assert cause() is None


@pytest.mark.django_db(transaction=True)
def test_a_handler_may_be_a_coroutine() -> None:
    event_bus.publish(Awaited(note="x"))
    assert drain() == 1
    assert Call.objects.get().handler == "wait"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"type": "kite.unknown"}, "event type 'kite.unknown'"),
        ({"version": 9}, "Version 9 of the event type"),
    ],
)
def test_an_event_that_this_process_does_not_know_is_left_to_a_newer_one(
    changes: dict[str, Any], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    event_bus.publish(Pinged())
    EventLog.objects.update(**changes)
    (run,) = HandlerRun.claim(1)
    attempt(run)
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.failed) == ("retrying", 0)
    assert what in stored.last_error
    assert_warned(caplog)


def test_a_handler_that_this_process_does_not_know_is_left_to_a_newer_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_runs(handler="kite.unknown")
    (run,) = HandlerRun.claim(1)
    attempt(run)
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.failed) == ("retrying", 0)
    assert "handler 'kite.unknown' is not known" in stored.last_error
    assert_warned(caplog)


def assert_warned(caplog: pytest.LogCaptureFixture) -> None:
    """Expect the one line that tells an operator what to do."""
    (record,) = [each for each in caplog.records if each.name == "events.handle"]
    assert record.levelname == "WARNING"
    assert "restart the workers" in record.getMessage()


def test_work_that_is_postponed_by_its_handler_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    run_of("later")
    assert "Postponed" in caplog.text
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_payload_that_cannot_be_read_is_a_failure() -> None:
    event_bus.publish(Pinged())
    EventLog.objects.update(payload={"note": 3})
    (run,) = HandlerRun.claim(1)
    attempt(run)
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.failed) == ("retrying", 1)
    assert "ValidationError" in stored.last_error


def test_siblings_have_fates_of_their_own() -> None:
    event_bus.publish(Forked())
    drain()
    for _ in range(2):
        make_due()
        drain()
    assert dict(HandlerRun.objects.values_list("handler", "state")) == {
        "probe.left": "succeeded",
        "probe.right": "succeeded",
        "probe.broken": "dead",
    }
    assert sorted(Call.objects.values_list("handler", flat=True)) == ["left", "right"]
    assert HandlerRun.objects.get(handler="probe.broken").failed == 3, "its own max_attempts"


def test_a_serialization_failure_is_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = _fail_with(monkeypatch, errors.SerializationFailure(), times=2)
    make_runs()
    drain()
    assert (len(attempts), HandlerRun.objects.get().state) == (3, "succeeded")


def test_the_third_serialization_failure_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = _fail_with(monkeypatch, errors.DeadlockDetected(), times=9)
    make_runs()
    drain()
    run = HandlerRun.objects.get()
    assert (len(attempts), run.state, run.failed) == (3, "retrying", 1)


def test_another_operational_error_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = _fail_with(monkeypatch, errors.QueryCanceled(), times=9)
    make_runs()
    drain()
    assert len(attempts) == 1


def test_a_dead_run_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    make_runs()
    HandlerRun.objects.update(failed=19)
    EventLog.objects.update(payload={"note": "fail", "seconds": 0})
    with caplog.at_level(logging.WARNING):
        drain()
    (record,) = [record for record in caplog.records if record.name == "events.handle"]
    assert record.levelname == "ERROR"
    assert "dead" in record.getMessage()
    assert "ValueError: It does not work." in record.getMessage()


def test_a_secret_reaches_neither_the_stored_error_nor_the_log(caplog: pytest.LogCaptureFixture) -> None:
    event_bus.publish(Whispered(code="s3cr3t", fail=True))
    drain()
    assert "The code was ***." in HandlerRun.objects.get().last_error
    assert "s3cr3t" not in HandlerRun.objects.get().last_error
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("cancel", "The code *** is used up."), ("later", "The code *** is not valid yet.")],
)
def test_nor_does_it_reach_a_reason(outcome: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    event_bus.publish(Whispered(code="s3cr3t", outcome=outcome))
    with caplog.at_level(logging.INFO):
        drain()
    assert HandlerRun.objects.get().last_error == reason
    assert reason in caplog.text
    assert "s3cr3t" not in caplog.text


def test_nobody_needs_to_listen() -> None:
    event_bus.publish(Unheard())
    assert drain() == 0


def test_a_handler_is_subscribed_by_its_path_unless_it_is_given_a_name() -> None:
    @handler("test.unheard")
    def overhear(event: Unheard) -> None: ...

    name = f"{__name__}.{test_a_handler_is_subscribed_by_its_path_unless_it_is_given_a_name.__name__}.<locals>.overhear"
    try:
        assert handlers.find(name)
    finally:
        handlers._by_name.pop(name)
        handlers._by_type.pop("test.unheard")


@pytest.mark.parametrize(
    "function",
    [lambda: None, lambda event, other: None, lambda *, event: None, lambda event, *, other: None],
    ids=["none", "two", "by name only", "another that is required"],
)
def test_a_function_that_does_not_take_one_payload_is_refused_when_it_is_declared(function: Any) -> None:
    with pytest.raises(
        InvalidEventType, match=r"test_handle\.<lambda> .* one positional argument, the payload"
    ):
        handler("test.unheard")(function)
    assert not handlers.of("test.unheard")


@pytest.mark.parametrize(
    "function",
    [lambda event: None, lambda event, other=1: None, lambda *events: None, print],
    ids=["one", "one that must be given", "any number", "written in C"],
)
def test_a_function_that_can_be_called_with_one_payload_is_accepted(function: Any) -> None:
    try:
        assert subscribe("test.unheard", function, name="own.subscribed").function is function
    finally:
        handlers._by_name.pop("own.subscribed")
        handlers._by_type.pop("test.unheard")


def _handler(function: Any) -> Any:
    from events.subscribe import Handler

    return Handler("probe.ping", function)


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> list[int]:
    """Make the probe's handler fail so often as a database would; return the list of its attempts."""
    attempts: list[int] = []

    def flaky(event: object) -> None:
        attempts.append(1)
        if len(attempts) <= times:
            raise OperationalError from error

    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(flaky))
    return attempts


def test_a_commit_that_fails_is_recorded(transactional_db: None) -> None:
    """A deferred constraint is checked by COMMIT: a failure like any other, and nothing was done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE deferred_probe (id int PRIMARY KEY, other int REFERENCES deferred_probe"
            " DEFERRABLE INITIALLY DEFERRED)"
        )
    found = handlers._by_name["probe.ping"]
    try:

        def violate(event: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO deferred_probe VALUES (1, 2)")

        handlers._by_name["probe.ping"] = _handler(violate)
        make_runs()
        drain()
    finally:
        handlers._by_name["probe.ping"] = found
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE deferred_probe")
    run = HandlerRun.objects.get()
    assert (run.state, run.failed) == ("retrying", 1)
    assert "IntegrityError" in run.last_error


def test_retry_later_has_a_reason_even_if_none_is_given() -> None:
    assert str(RetryLater(5)) == "again in 5 s"


class Unspeakable(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Careless(RetryLater):
    """Never calls the constructor of RetryLater."""

    def __init__(self) -> None:
        pass


class Excessive(RetryLater):
    """Says after its construction what no column holds."""

    def __init__(self) -> None:
        super().__init__(1)
        self.seconds = 1e300


#: What a handler raises, the state after it, the failures counted, and what is recorded.
OUTCOMES: list[tuple[Callable[[], BaseException], str, int, str]] = [
    (lambda: RetryLater(timedelta(hours=1)), "retrying", 0, ""),
    (lambda: RetryLater(0), "retrying", 0, ""),
    (lambda: RetryLater(1, ValueError("busy")), "retrying", 0, "busy"),
    (lambda: RetryLater(1, Unspeakable()), "retrying", 0, "<Unspeakable whose text cannot be had"),
    (lambda: RetryLater(float("nan")), "retrying", 1, "ValueError: RetryLater takes from 0 to"),
    (lambda: RetryLater(float("inf")), "retrying", 1, "ValueError: RetryLater takes from 0 to"),
    (lambda: RetryLater(-1), "retrying", 1, "ValueError: RetryLater takes from 0 to"),
    (lambda: RetryLater(10**5000), "retrying", 1, "ValueError: RetryLater takes from 0 to"),
    (
        lambda: RetryLater(cast(float, "60")),
        "retrying",
        1,
        "TypeError: RetryLater takes seconds or a timedelta, not a str",
    ),
    (lambda: RetryLater(timedelta.max), "retrying", 1, "ValueError: RetryLater takes from 0 to"),
    (Careless, "retrying", 1, "Careless could not be recorded: AttributeError"),
    (Excessive, "retrying", 1, "Excessive could not be recorded: OverflowError"),
    (lambda: Cancel(ValueError("gone")), "cancelled", 0, "gone"),
    (lambda: Cancel(Unspeakable()), "cancelled", 0, "<Unspeakable whose text cannot be had"),
    (lambda: Cancel(None), "cancelled", 0, "None"),
    (Unspeakable, "retrying", 1, "Unspeakable: <Unspeakable whose text cannot be had: RuntimeError>"),
    (lambda: ValueError("\ud800 \0"), "retrying", 1, "ValueError: ? \\0"),
    (lambda: ExceptionGroup("both", [Unspeakable(), KeyError(1)]), "retrying", 1, "ExceptionGroup: both"),
    (GeneratorExit, "retrying", 1, "GeneratorExit: "),
]


@pytest.mark.parametrize(("make", "state", "failed", "text"), OUTCOMES)
def test_whatever_a_handler_raises_is_recorded_and_its_neighbours_are_done(
    make: Callable[[], BaseException],
    state: str,
    failed: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What escaped here would come back with each claim, first in line, and nothing behind it would be done."""

    def misbehave(event: Pinged) -> None:
        if event.note == "0":
            raise make()

    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(misbehave))
    first, *others = make_runs(3)
    assert drain() >= 3
    assert [state_of(run) for run in others] == ["succeeded"] * 2
    first.refresh_from_db()
    assert (first.state, first.failed) == (state, failed)
    assert first.last_error.startswith(text)
    assert state == "cancelled" or seconds_until_available(first) > 0


def test_work_whose_event_is_gone_is_cancelled_and_its_neighbours_are_done() -> None:
    first, second = make_runs(2)
    HandlerRun.objects.filter(pk=first.pk).update(event_id=0)
    assert drain() == 2
    first.refresh_from_db()
    assert (first.state, first.last_error) == ("cancelled", "The event is gone.")
    assert state_of(second) == "succeeded"
    first.delete()  # before the test ends, and the database looks at its foreign keys


def test_a_batch_whose_event_is_gone_is_cancelled() -> None:
    """No constraint keeps its event."""
    batch = NotificationBatch.objects.create(
        event_id=0, notifier="x", first_id=1, last_id=1, recipients=1, delete_at=timezone.now()
    )
    assert drain() == 1
    batch.refresh_from_db()
    assert (batch.state, batch.last_error) == ("cancelled", "The event is gone.")


def _swallow_a_sql_error() -> None:
    with suppress(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")


def _swallow_an_error_of_the_orm() -> None:
    with suppress(IntegrityError):
        HandlerRun.objects.create(event=EventLog.objects.get(), handler="probe.ping")


def _end_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "break_transaction",
    [
        _swallow_a_sql_error,
        _swallow_an_error_of_the_orm,
        lambda: transaction.set_rollback(True),
        lambda: connection.close(),
        _end_it,
    ],
)
def test_a_handler_that_broke_its_transaction_has_failed_and_has_not_crashed(
    break_transaction: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL answers COMMIT with a rollback, and no error: the run would seem to be at it for a whole lease."""

    def misbehave(event: Pinged) -> None:
        Call.objects.create(handler="ping", event_log_id=1, process=1)
        break_transaction()

    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(misbehave))
    make_runs()
    assert drain() == 1
    run = HandlerRun.objects.get()
    assert (run.state, run.failed) == ("retrying", 1)
    assert "BrokenTransaction: " in run.last_error
    assert "transaction.atomic()" in run.last_error
    assert not Call.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_wraps_what_may_fail_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def careful(event: Pinged) -> None:
        with suppress(IntegrityError), transaction.atomic():
            HandlerRun.objects.create(event=EventLog.objects.get(), handler="probe.ping")

    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(careful))
    run = make_runs()[0]
    drain()
    assert state_of(run) == "succeeded"


class AsyncNoter:
    """An object that is called like a function, and is one of coroutines."""

    async def __call__(self, event: Pinged) -> None:
        await _note_from_a_coroutine(event)


async def _note_from_a_coroutine(event: Pinged) -> None:
    await Call.objects.acreate(handler="async", event_log_id=event.envelope.id, process=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "function",
    [
        AsyncNoter(),
        lambda event: _note_from_a_coroutine(event),
        partial(_note_from_a_coroutine),
    ],
)
def test_what_a_handler_returns_to_be_awaited_is_awaited(
    function: Callable[[Pinged], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(function))
    run = make_runs()[0]
    drain()
    assert (state_of(run), Call.objects.count()) == ("succeeded", 1)


def _generate(event: Pinged) -> Iterator[int]:
    Call.objects.create(handler="never", event_log_id=1, process=1)
    yield 1


async def _generate_slowly(event: Pinged) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("function", [_generate, _generate_slowly])
def test_a_generator_has_not_run_and_is_a_failure(
    function: Callable[[Pinged], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(handlers._by_name, "probe.ping", _handler(function))
    make_runs()
    drain()
    run = HandlerRun.objects.get()
    assert (run.state, run.failed) == ("retrying", 1)
    assert "returned a generator" in run.last_error
