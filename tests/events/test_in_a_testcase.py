"""Events inside Django's TestCase, which never commits; what docs/publishing.md says of it."""

from django.test import TestCase, override_settings

from events.bus import event_bus
from events.drain import drain
from tests.probe.events import Pinged
from tests.probe.models import Call


class EventsInATestCase(TestCase):
    """The test's own transaction is rolled back at its end."""

    @override_settings(EVENTS_EXECUTION="inline")
    def test_inline_alone_waits_for_a_commit_that_does_not_come(self) -> None:
        event_bus.publish(Pinged(note="x"))
        assert not Call.objects.exists()

    @override_settings(EVENTS_EXECUTION="inline")
    def test_inline_handles_at_the_end_of_captured_callbacks(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            event_bus.publish(Pinged(note="x"))
            assert not Call.objects.exists()
        assert Call.objects.get().note == "x"

    def test_drain_handles_what_is_due(self) -> None:
        event_bus.publish(Pinged(note="x"))
        assert drain() == 1
        assert Call.objects.get().note == "x"
