"""For tests of capabilities: who was notified of what is published in a block, and why the others were not.

with captured_notifications() as captured:
    ProductManagementService.create_product(form, alice)
assert captured.told("product.created") == {alice, bob}
assert captured.why_not(carol) == {"app": "skipped: choice for this category", "email": "skipped: ..."}
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Max

from engagement.channels import channels
from engagement.models import AppNotification, NotifiableEvent
from events.bus import EventTypes
from events.testing import work_off


class Captured:
    """What came of a block; complete when the block has ended."""

    def __init__(self) -> None:
        self._after = NotifiableEvent.objects.aggregate(last=Max("pk"))["last"] or 0

    def concerned(self, event_type: str | None = None) -> list[NotifiableEvent]:
        """Return each event x person, whether they were notified or skipped."""
        found = NotifiableEvent.objects.filter(pk__gt=self._after).select_related("person").order_by("pk")
        return list(found.filter(event_type=EventTypes[event_type]) if event_type else found)

    def notifications(self, person: Any = None, event_type: str | None = None) -> list[AppNotification]:
        """Return the inbox rows, of one person if given, in the order in which they were made."""
        found = AppNotification.objects.filter(event_id__gt=self._after).order_by("pk")
        if person is not None:
            found = found.of(person)
        return list(found.filter(event_type=EventTypes[event_type]) if event_type else found)

    def told(self, event_type: str | None = None, channel: str = "app") -> set[Any]:
        """Return the people who were notified on a channel; raise for a type or a channel that there is not."""
        if channel not in channels():
            raise KeyError(f"There is no channel {channel}; there are {', '.join(channels())}.")
        return {
            each.person
            for each in self.concerned(event_type)
            if (each.outcomes or {}).get(channel, "skipped").split(":")[0] != "skipped"
        }

    def why_not(self, person: Any, event_type: str | None = None) -> dict[str, str] | None:
        """Return the outcome on each channel for a person; None if nothing concerned them.

        Of several events the last one's.
        """
        key = getattr(person, "pk", person)
        outcomes = [each.outcomes for each in self.concerned(event_type) if each.person_id == key]
        return outcomes[-1] if outcomes else None


@contextmanager
def captured_notifications() -> Iterator[Captured]:
    """Collect what is notified of what is published in the block; the work is done when the block ends.

    It works in Django's TestCase, without workers. A handler that fails, fails the test.
    """
    captured = Captured()
    yield captured
    work_off()
