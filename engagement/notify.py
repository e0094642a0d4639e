"""notify and notify_bulk: tell people whom the caller names, without a Notifier; the same log, the same path."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import transaction

from engagement.audience import named
from engagement.fanout import concern
from engagement.models import AppNotification, Delivery, NotifiableEvent, NotificationBatch
from engagement.notice import category_of, retention_of
from engagement.process import process_at_once
from engagement.rules import rules_for
from events import queue
from events.bus import EventError, EventType, EventTypes, Payload, UnknownEventType
from events.record import dealt_with, record
from events.work import State

logger = logging.getLogger(__name__)

HANDLED_BY = "engagement.notify"
#: May be given besides the payload's fields, unless the payload has a field of that name.
ENVELOPE = ("actor", "about")


class SwitchedOff(EventError):
    """An operator has switched notifications of this type, or its category, off."""


class Progress(StrEnum):
    """How far a notification to many has come."""

    PENDING = "pending"
    DONE = "done"
    #: A part of it is dead: an operator can see why, and requeue it.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it, in people."""

    status: Progress
    #: Notified, on one channel at least.
    success_count: int
    #: Unknown, or part of a batch that is dead.
    failure_count: int
    #: Skipped: by their own choice, a rule, a mute ...; each has the reason stored.
    skipped_count: int
    total: int


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification on its way: ask it for its `result()`, now or later, as long as its rows are kept."""

    event_id: int
    named: int
    #: How many of them there are.
    known: int

    def result(self) -> Result:
        """Count what has come of it so far."""
        batches = list(NotificationBatch.objects.filter(event=self.event_id))
        dead = sum(batch.recipients for batch in batches if batch.state == State.DEAD)
        total = max(self.named, self.known)
        return Result(
            _progress(batches),
            sum(batch.created for batch in batches),
            total - self.known + dead,
            sum(batch.skipped for batch in batches),
            total,
        )


def _progress(batches: list[NotificationBatch]) -> Progress:
    if any(batch.state == State.DEAD for batch in batches):
        return Progress.FAILED
    return Progress.PENDING if any(batch.finished_at is None for batch in batches) else Progress.DONE


def notify(
    user: Any, template_slug: str, async_send: bool = False, **context: Any
) -> AppNotification | Notified | None:
    """Tell one person (or primary key) of an event of the type `template_slug` with this payload.

    Returns their AppNotification, committed or in the caller's transaction; None if they are unknown, which is
    logged, or skipped. Mails and the like are sent before it returns, or when the caller's transaction commits; what
    fails is tried again by workers. With `async_send` a worker does it all, and a handle comes back at once.

    Raises UnknownEventType for a slug that is no event type's name or alias, SwitchedOff, InvalidPayload.
    """
    told = _tell([user], template_slug, context, at_once=not async_send)
    if async_send:
        return told
    # By the person too: that is how both tables are indexed.
    key = getattr(user, "pk", user)
    found = NotifiableEvent.objects.filter(person=key, event_log=told.event_id) if told.known else None
    if found is None:
        logger.warning("Nobody was told of %s: there is no such person.", template_slug)
        return None
    return AppNotification.objects.of(key).filter(event__in=found).first()


def notify_bulk(users: Any, template_slug: str, async_send: bool = True, **context: Any) -> Notified | Result:
    """Tell people: objects, primary keys, or a queryset of them. The unknown are counted, and harm nobody.

    Returns a handle at once, and workers do it after the commit; or the result, if not `async_send`.
    Raises as `notify` does.
    """
    told = _tell(users, template_slug, context, at_once=not async_send)
    return told if async_send else told.result()


def _tell(users: Any, slug: str, context: Mapping[str, Any], *, at_once: bool) -> Notified:
    event_type = _event_type(slug)
    rules = rules_for(str(event_type), category_of(event_type))
    if not rules.enabled:
        logger.error("%s is switched off by a rule: nobody is told.", event_type)
        raise SwitchedOff(f"{event_type} is switched off by a rule.")
    people, count = named(users, "notify() was given")
    given = {name: context[name] for name in ENVELOPE if name in context and not _is_field(event_type, name)}
    data = {name: value for name, value in context.items() if name not in given}
    with transaction.atomic():
        log = record(str(event_type), data, handled_by=HANDLED_BY, **given)
        event: Payload = log.read()
        if at_once:
            # Before whatever wakes the workers: they would take it from us.
            transaction.on_commit(partial(_send, log.pk), robust=True)
        batches = concern(people, event, notifier="", keep=retention_of(event_type, rules))
        if at_once:
            for batch in batches:
                process_at_once(batch, event, rules)
        elif batches:
            queue.wake_on_commit(NotificationBatch.lane)
        dealt_with(log)
    return Notified(log.pk, count, sum(batch.recipients for batch in batches))


def _send(log_id: int) -> None:
    """Send what is due of an event, in this thread."""
    queue.do_now(Delivery, "work.event_id = %s", [log_id])


def _event_type(slug: str) -> EventType:
    try:
        return EventTypes[slug]
    except UnknownEventType as error:
        logger.error("Nobody is told: %s", error)
        raise


def _is_field(event_type: EventType, name: str) -> bool:
    return name in event_type.payload.model_fields
