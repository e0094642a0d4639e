"""What is the same for everybody who hears of an event: the event, and what its notifier says of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from engagement.models import NotifiableEvent
from engagement.registry import Notifier, notifiers
from events.bus import EventLog, EventTypes, Payload

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as it is told."""

    event_type: str
    slug: str
    category: str
    channels: Sequence[str]
    reason: str
    url: str
    about: str
    actor_id: Any
    notify_actor: bool
    params: Mapping[str, Any]
    delete_at: datetime


def notice_of(notifier: Notifier[Any], event: Payload) -> Notice:
    """Return the notice of a logged event, as this notifier puts it."""
    envelope = event.envelope
    return Notice(
        event_type=envelope.type,
        slug=notifier.wording_slug(),
        category=notifier.effective_category(),
        channels=notifier.channels,
        reason=str(notifier.reason),
        url=notifier.url(event),
        about=envelope.about,
        actor_id=envelope.actor_id,
        notify_actor=notifier.notify_actor,
        params=event.model_dump(),
        delete_at=timezone.now() + notifier.effective_retention(),
    )


def notice_by_hand(notifiable: NotifiableEvent) -> Notice:
    """Return the notice of a NotifiableEvent: by its notifier and event, or as far as its type and params tell."""
    log: EventLog | None = notifiable.event_log
    found = (
        notifiers[notifiable.notifier] if notifiable.notifier else notifiers.for_slug(notifiable.event_type)
    )
    if found is not None and log is not None:
        return notice_of(found, log.read())
    event_type = EventTypes[notifiable.event_type]
    params: dict[str, Any] = notifiable.params or (log.payload if log else {})
    try:
        params = event_type.read(params, event_type.version).model_dump()
    except ValueError as error:
        logger.warning("%s has wrong parameters: %s", notifiable, error)
    return Notice(
        event_type=notifiable.event_type,
        slug=found.wording_slug() if found else notifiable.event_type,
        category=found.effective_category() if found else event_type.category,
        channels=found.channels if found else Notifier.channels,
        reason=str(found.reason) if found else "",
        url=str(params.get("url") or ""),
        about=log.about if log else "",
        actor_id=None,
        notify_actor=True,
        params=params,
        delete_at=notifiable.delete_at,
    )
