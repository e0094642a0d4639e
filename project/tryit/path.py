"""The way of one event through the pipeline, with the moments that the tables have of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from engagement.models import AppNotification, Delivery, DeliveryAttempt, NotifiableEvent, NotificationBatch
from engagement.models.delivery_states import DeliveryState
from events.bus import EventLog
from events.models import HandlerRun
from project.tryit.arrived import seconds
from project.tryit.store import Kept

#: What has not happened by then will take its time.
SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the six."""

    name: str | Promise
    #: None: it has yet to happen.
    at: datetime | None
    since: str
    detail: str


@dataclass(frozen=True, slots=True)
class Path:
    """What was done last, and how far it has come."""

    said: str
    event: EventLog
    steps: Sequence[Step]

    @property
    def is_soon(self) -> bool:
        """Whether something is about to happen."""
        is_new = timezone.now() - self.event.occurred_at < SOON
        return is_new and not all(step.at for step in self.steps)


def path_of(action: Kept | None) -> Path | None:
    """Return the path of what somebody did on the page; None if nobody did anything yet, or it is kept no more."""
    event = EventLog.objects.filter(pk=action.content["event"]).first() if action else None
    if action is None or event is None:
        return None
    moments = [
        (_("published"), action.at, str(event.type)),
        (_("logged"), event.occurred_at, f"#{event.pk}"),
        (_("handled"), *_handled(event)),
        (_("decided"), *_decided(event)),
        (_("written"), *_written(event)),
        (_("sent"), *_sent(event)),
    ]
    steps = [
        Step(name, at, seconds(at - action.at) if at else "", detail if at else "")
        for name, at, detail in moments
    ]
    return Path(action.content["said"], event, steps)


def _handled(event: EventLog) -> tuple[datetime | None, str]:
    runs = HandlerRun.objects.filter(event=event)
    found = runs.aggregate(at=Max("finished_at"), all=Count("pk"), left=Count("pk", Q(finished_at=None)))
    count = ngettext("%d handler", "%d handlers", found["all"]) % found["all"]
    return (None if found["left"] else found["at"]), count


def _decided(event: EventLog) -> tuple[datetime | None, str]:
    """Return when the last decision was made: rows bear that moment."""
    concerned = NotifiableEvent.objects.filter(event_log=event.pk)
    rows = AppNotification.objects.filter(event__in=concerned).aggregate(at=Max("created_at"))
    messages = Delivery.objects.filter(event=event).aggregate(at=Max("created_at"))
    people = concerned.count()
    count = ngettext("%d person", "%d people", people) % people
    at = max(filter(None, [rows["at"], messages["at"]]), default=None)
    return at or _batches(event), count


def _written(event: EventLog) -> tuple[datetime | None, str]:
    rows = AppNotification.objects.filter(
        event__in=NotifiableEvent.objects.filter(event_log=event.pk)
    ).count()
    messages = Delivery.objects.filter(event=event).count()
    inbox = ngettext("%d inbox", "%d inboxes", rows) % rows
    further = ngettext("%d message", "%d messages", messages) % messages
    return _batches(event), f"{inbox}, {further}"


def _batches(event: EventLog) -> datetime | None:
    """Return when all of them were done; None if some are not, or there are none."""
    batches = NotificationBatch.objects.filter(event=event)
    found = batches.aggregate(at=Max("finished_at"), left=Count("pk", Q(finished_at=None)))
    return None if found["left"] else found["at"]


def _sent(event: EventLog) -> tuple[datetime | None, str]:
    """Return when the last message was taken, unless some are on their way yet; those for a digest are not counted."""
    rows, held = Delivery.objects.filter(event=event), Q(state=DeliveryState.HELD)
    states = rows.aggregate(
        sent=Count("pk", Q(sent_at__isnull=False)),
        held=Count("pk", held),
        left=Count("pk", Q(finished_at=None) & ~held),
    )
    attempts = DeliveryAttempt.objects.filter(delivery__in=rows, succeeded=True).aggregate(at=Max("at"))
    waiting = ngettext(", %d for a digest", ", %d for a digest", states["held"]) % states["held"]
    count = ngettext("%d message", "%d messages", states["sent"]) % states["sent"]
    at = None if states["left"] else attempts["at"] or _batches(event)
    return at, count + (waiting if states["held"] else "")
