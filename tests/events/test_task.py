"""enqueue_task: any function, durably."""

import pytest
from pytest_django import DjangoAssertNumQueries

from events.bus import EventTypes, InvalidPayload, event_bus
from events.drain import drain
from events.models import EventLog, HandlerRun
from events.replay import replay
from tests.events.owed import make_due
from tests.probe.models import Call

pytestmark = pytest.mark.django_db


def test_the_function_is_called_with_its_arguments_by_a_worker() -> None:
    event_bus.enqueue_task("tests.probe.tasks.jot", {"note": "x", "number": 3}, EventTypes.PRODUCT_CREATED)
    assert not Call.objects.exists()
    drain()
    call = Call.objects.get()
    assert (call.note, call.event_log_id) == ("x", 3)


def test_it_is_logged_like_any_event() -> None:
    logged = event_bus.enqueue_task("tests.probe.tasks.jot", {"note": "x"}, "product.created")
    stored = EventLog.objects.get(pk=logged.pk)
    assert stored.type == "task.enqueued"
    assert stored.payload == {
        "function": "tests.probe.tasks.jot",
        "arguments": {"note": "x"},
        "event_type": "product.created",
    }


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("tests.probe.tasks.gone", ImportError),
        ("tests.probe.gone.jot", ImportError),
        ("jot", ImportError),
        ("tests.probe.tasks.NOT_A_FUNCTION", TypeError),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_before_anything_is_written(
    path: str, error: type[Exception], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), pytest.raises(error):
        event_bus.enqueue_task(path, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"tests\.probe\.tasks\.jot cannot be called like this: missing a required argument: 'note'"),
        ({"note": "x", "colour": "red"}, "unexpected keyword argument 'colour'"),
    ],
)
def test_arguments_that_the_function_does_not_take_are_refused_before_anything_is_written(
    arguments: dict[str, str], message: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0), pytest.raises(TypeError, match=message):
        event_bus.enqueue_task("tests.probe.tasks.jot", arguments)


def test_a_function_that_does_not_say_what_it_takes_is_not_asked() -> None:
    event_bus.enqueue_task("builtins.dict", {"note": "x"})
    assert drain() == 1


def test_arguments_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises((InvalidPayload, ValueError, TypeError)):
        event_bus.enqueue_task("tests.probe.tasks.jot", {"note": object()})
    assert not EventLog.objects.exists()


def test_a_function_that_fails_is_tried_again() -> None:
    event_bus.enqueue_task("tests.probe.tasks.explode")
    drain()
    run = HandlerRun.objects.get()
    assert (run.state, run.failed) == ("retrying", 1)
    make_due()
    drain()
    assert HandlerRun.objects.get().failed == 2


def test_a_function_that_is_gone_by_then_is_cancelled() -> None:
    event_bus.enqueue_task("tests.probe.tasks.jot", {"note": "x"})
    EventLog.objects.update(payload={"function": "tests.probe.tasks.gone", "arguments": {}, "event_type": ""})
    drain()
    run = HandlerRun.objects.get()
    assert run.state == "cancelled"
    assert "tests.probe.tasks.gone cannot be called any more" in run.last_error


def test_a_replay_does_not_call_it_again() -> None:
    event_bus.enqueue_task("tests.probe.tasks.jot", {"note": "x"})
    drain()
    assert replay(EventLog.objects.all()).runs == 0


@pytest.mark.django_db(transaction=True)
def test_the_function_may_be_a_coroutine() -> None:
    event_bus.enqueue_task("tests.probe.tasks.jot_slowly", {"note": "x"})
    drain()
    assert Call.objects.get().note == "x"


def test_a_generator_has_not_run_and_is_a_failure() -> None:
    event_bus.enqueue_task("tests.probe.tasks.yield_notes", {"note": "x"})
    drain()
    run = HandlerRun.objects.get()
    assert (run.state, run.failed) == ("retrying", 1)
    assert "returned a generator" in run.last_error
