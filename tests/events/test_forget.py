"""Sensitive fields: erased from the log once everybody is done with them."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from events.bus import event_bus
from events.cleanup import clean_up
from events.drain import drain
from events.forget import _leaves, forget_secrets, sensitive_values
from events.models import EventLog, HandlerRun
from events.replay import replay
from tests.events.owed import make_due
from tests.probe.events import Pinged, Whispered
from tests.probe.models import Call

pytestmark = pytest.mark.django_db


def test_the_handler_hears_the_secret_and_then_it_is_gone() -> None:
    event_bus.publish(Whispered(code="s3cr3t"))
    drain()
    assert Call.objects.get().note == "6"
    assert EventLog.objects.get().payload == {"fail": False, "outcome": ""}


def test_while_a_handler_needs_it_it_stays() -> None:
    event_bus.publish(Whispered(code="s3cr3t", fail=True))
    drain()
    clean_up()
    assert EventLog.objects.get().payload["code"] == "s3cr3t"
    HandlerRun.objects.update(state="dead", finished_at="2026-11-20 00:00:00+00:00")
    clean_up()
    assert EventLog.objects.get().payload["code"] == "s3cr3t", "somebody may requeue it"


def test_the_clean_up_erases_what_no_handler_did() -> None:
    event_bus.publish(Whispered(code="s3cr3t"))
    HandlerRun.objects.update(state="cancelled", finished_at="2026-11-20 00:00:00+00:00")
    assert clean_up()["events.EventLog (sensitive fields erased)"] == 1
    assert EventLog.objects.get().payload == {"fail": False, "outcome": ""}
    assert clean_up()["events.EventLog (sensitive fields erased)"] == 0


def test_the_clean_up_erases_batch_by_batch() -> None:
    event_bus.publish_many(Whispered(code="s3cr3t", fail=number == 2) for number in range(5))
    HandlerRun.objects.filter(event__payload__fail=False).update(
        state="cancelled", finished_at=timezone.now()
    )
    assert clean_up(batch=2)["events.EventLog (sensitive fields erased)"] == 4
    assert EventLog.objects.filter(payload__has_key="code").count() == 1
    assert EventLog.objects.get(has_secrets=True).payload["fail"]


def test_other_payloads_are_left_alone() -> None:
    event_bus.publish(Pinged(note="x"))
    drain()
    clean_up()
    assert EventLog.objects.get().payload == {"note": "x", "seconds": 0.0}


def test_a_replay_of_what_was_erased_is_cancelled() -> None:
    event_bus.publish(Whispered(code="s3cr3t"))
    drain()
    replay(EventLog.objects.all())
    drain()
    run = HandlerRun.objects.get()
    assert run.state == "cancelled"
    assert "erased" in run.last_error


@pytest.mark.django_db(transaction=True)
def test_the_last_of_two_at_once_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees the other's run as unfinished, unless they take turns."""
    event_bus.publish(Whispered(code="s3cr3t"))
    log = EventLog.objects.get()
    HandlerRun.objects.create(event=log, handler="probe.listen.too")
    from events.subscribe import Handler, handlers

    barrier = threading.Barrier(2)

    def meet(event: Whispered) -> None:
        barrier.wait(10)

    for name in ("probe.listen", "probe.listen.too"):
        monkeypatch.setitem(handlers._by_name, name, Handler(name, meet))

    def work() -> None:
        drain(seconds=0)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    make_due()
    assert set(HandlerRun.objects.values_list("state", flat=True)) == {"succeeded"}
    assert EventLog.objects.get().payload == {"fail": False, "outcome": ""}


def test_it_is_masked_for_eyes() -> None:
    event_bus.publish(Whispered(code="s3cr3t"))
    assert EventLog.objects.get().masked_payload() == {"code": "***", "fail": False, "outcome": ""}


def test_where_the_event_is_gone_there_is_nothing_to_mask_or_to_forget() -> None:
    gone = HandlerRun(event_id=0)
    assert sensitive_values(gone) == []
    forget_secrets(gone)


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        (["a", ["b"]], ["a", "b"]),
        ({"x": "a", "y": {"z": 7}}, ["a", "7"]),
        (None, []),
        ("", []),
        (True, []),
    ],
)
def test_each_value_in_a_secret_is_masked_by_itself(value: object, texts: list[str]) -> None:
    assert list(_leaves(value)) == texts
