"""What is the same for everybody who hears of an event: the event, and what its notifier says of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from pydantic import ValidationError

from engagement.models import NotifiableEvent
from engagement.models.app import URL_LENGTH
from engagement.registry import Notifier, notifiers
from engagement.sandbox import UNSTORABLE
from events.bus import Cancel, EventLog, EventType, EventTypes, Payload

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as it is told."""

    event_type: str
    slug: str
    category: str
    channels: Sequence[str]
    #: Translated when it is rendered.
    reason: str | Promise
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
        reason=notifier.reason,
        url=_storable_url(notifier.url(event), notifier),
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
    params = notifiable.params if notifiable.params is not None else (log.payload if log else {})
    event = _read(event_type, params, notifiable)
    return Notice(
        event_type=notifiable.event_type,
        slug=found.wording_slug() if found else notifiable.event_type,
        category=found.effective_category() if found else event_type.category,
        channels=found.channels if found else Notifier.channels,
        reason=found.reason if found else "",
        url=_url_by_hand(found, event, params),
        about=log.about if log else "",
        actor_id=None,
        notify_actor=True,
        params=event.model_dump() if event else dict(params) if isinstance(params, dict) else {},
        delete_at=notifiable.delete_at,
    )


def _read(event_type: EventType, params: Any, notifiable: NotifiableEvent) -> Payload | None:
    """Return parameters given by hand as the payload; None if they are wrong, which are named without values."""
    try:
        return event_type.read(params, event_type.version) if isinstance(params, dict) else None
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        logger.warning("%s has wrong parameters: %s.", notifiable, wrong or "all")
    except Cancel:
        logger.warning("%s lacks its sensitive parameters.", notifiable)
    return None


def _url_by_hand(notifier: Notifier[Any] | None, event: Payload | None, params: Any) -> str:
    if notifier is not None and event is not None:
        return _storable_url(notifier.url(event), notifier)
    given = params.get("url") if isinstance(params, dict) else ""
    return _storable_url(str(given or ""), notifier)


def _storable_url(url: str, notifier: Notifier[Any] | None) -> str:
    """Return the address, or none at all if the column would not take it: half an address leads astray."""
    if len(url) <= URL_LENGTH and not UNSTORABLE.search(url):
        return url
    logger.error("%s gave an address that cannot be stored; the notification leads nowhere.", notifier)
    return ""
