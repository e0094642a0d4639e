"""Handlers run again, or for the first time."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from freezegun import freeze_time

from engagement.models import AppNotification, NotifiableEvent
from events.bus import event_bus
from events.drain import drain
from events.exceptions import UnknownHandler
from events.models import EventLog, HandlerRun
from events.replay import replay
from tests.conftest import make_people
from tests.probe.events import Forked, Ordered, Pinged, Told
from tests.probe.models import Call

pytestmark = pytest.mark.django_db


def test_finished_runs_are_done_again() -> None:
    event_bus.publish(Pinged())
    drain()
    found = replay(EventLog.objects.all())
    assert (found.events, found.runs, found.handlers) == (1, 1, ("probe.ping",))
    assert drain() == 1
    assert Call.objects.count() == 2


def test_a_handler_that_is_newer_than_the_event_gets_its_run() -> None:
    event_bus.publish(Pinged())
    HandlerRun.objects.all().delete()
    assert replay(EventLog.objects.all()).runs == 1
    drain()
    assert Call.objects.count() == 1


def test_unfinished_runs_are_left_as_they_are() -> None:
    event_bus.publish(Pinged())
    assert replay(EventLog.objects.all()).runs == 0


def test_only_the_named_handlers_take_part() -> None:
    event_bus.publish(Forked())
    drain()
    assert replay(EventLog.objects.all(), only=["probe.left"]).runs == 1
    drain()
    assert sorted(Call.objects.values_list("handler", flat=True)) == ["left", "left", "right"]


def test_a_handler_that_there_is_not_is_named() -> None:
    with pytest.raises(UnknownHandler, match=r"probe\.gone"):
        replay(EventLog.objects.all(), only=["probe.gone"])


def test_people_are_not_notified_again_unless_asked_and_never_twice() -> None:
    event_bus.publish(Told(people=make_people(3)))
    drain()
    assert replay(EventLog.objects.all()).runs == 0
    assert replay(EventLog.objects.all(), notifiers=True).runs == 1
    assert drain() == 1
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 3


def test_asking_for_notifications_does_not_repeat_background_tasks() -> None:
    event_bus.enqueue_task("tests.probe.tasks.jot", {"note": "once"})
    drain()
    assert replay(EventLog.objects.all(), notifiers=True).runs == 0
    assert drain() == 0
    assert Call.objects.count() == 1
    assert replay(EventLog.objects.all(), only=["events.call_task"]).runs == 1, "by its name it is"


def test_people_whose_notifications_have_expired_are_notified_again_if_asked() -> None:
    event_bus.publish(Told(people=make_people(3)))
    drain()
    NotifiableEvent.objects.all().delete()
    AppNotification.objects.all().delete()
    replay(EventLog.objects.all(), notifiers=True)
    drain()
    assert AppNotification.objects.count() == 3


def test_a_dry_run_writes_nothing() -> None:
    event_bus.publish_many([Pinged(), Pinged(), Forked()])
    drain()
    found = replay(EventLog.objects.all(), dry_run=True)
    assert (found.events, found.runs) == (3, 5)
    assert drain() == 0


def test_an_ordered_event_keeps_its_key() -> None:
    event_bus.publish(Ordered(key="a"))
    HandlerRun.objects.all().delete()
    replay(EventLog.objects.all())
    assert HandlerRun.objects.get().order_key == "a"


def test_types_that_are_registered_no_more_are_passed_over() -> None:
    event_bus.publish(Pinged())
    EventLog.objects.update(type="kite.unknown")
    found = replay(EventLog.objects.all())
    assert (found.events, found.runs) == (1, 0)


def test_thousands_are_planned_in_batches() -> None:
    event_bus.publish_many(Pinged() for _ in range(2500))
    HandlerRun.objects.all().delete()
    assert replay(EventLog.objects.all()).runs == 2500


def command(*arguments: str) -> str:
    """Run the command and return what it prints."""
    out = StringIO()
    call_command("replay_events", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_chooses_by_type_time_and_number() -> None:
    with freeze_time("2026-01-01 10:00:00"):
        first = event_bus.publish(Pinged())
    with freeze_time("2026-01-02 10:00:00"):
        event_bus.publish(Pinged())
        event_bus.publish(Forked())
    drain()
    assert "1 events, 1 handler runs would be planned" in command("--until", "2026-01-02", "--dry-run")
    assert "1 events, 1 handler runs" in command("test.pinged", "--since", "2026-01-02T00:00", "--dry-run")
    assert "1 events" in command("--id", str(first.pk), "--dry-run")
    assert "probe.left" in command("test.forked", "--handler", "probe.left")


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["--handler", "probe.gone"], ["kite.unknown"]]
)
def test_the_command_refuses_what_it_does_not_understand(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        command(*arguments)
