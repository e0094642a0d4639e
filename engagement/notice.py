"""What is the same for everybody who hears of an event: the event, and what its notifier says of it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from pydantic import ValidationError

from engagement.decide import Policy
from engagement.models import Endpoint, NotifiableEvent
from engagement.models.app import GROUP_LENGTH, URL_LENGTH
from engagement.registry import Notifier, category_retention, notifiers
from engagement.rules import Rules, rules_for
from events.bus import Cancel, EventLog, EventType, EventTypes, Payload, Priority
from events.sql import UNSTORABLE

logger = logging.getLogger(__name__)

#: Where it goes without a notifier, a rule or a choice.
WITHOUT_NOTIFIER = ("app",)


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as it is told."""

    event_type: str
    #: The id of the event in the log; None for a NotifiableEvent made by hand.
    log_id: int | None
    #: The name of the notifier; empty where people were named.
    notifier: str
    slug: str
    category: str
    policy: Policy
    #: Translated when it is rendered.
    reason: str | Promise
    url: str
    about: str
    group: str
    actor_id: Any
    params: Mapping[str, Any]
    #: When it is of no use any more; None: it always is.
    not_after: datetime | None = None
    priority: Priority = Priority.USUAL
    #: The one stored endpoint that it goes to, verified or not; None: all that the person has.
    target: int | None = None
    #: Whether it is told in somebody else's transaction, of which nobody knows how long it takes.
    is_foreign: bool = False


def notice_of(notifier: Notifier[Any], event: Payload, rules: Rules | None = None) -> Notice:
    """Return the notice of a logged event, as this notifier puts it."""
    envelope = event.envelope
    rules = rules_for(envelope.type, notifier.effective_category()) if rules is None else rules
    not_after, target = notifier.not_after(event), _target(notifier, event)
    policy = policy_of(notifier, rules, not_after=not_after)
    return Notice(
        event_type=envelope.type,
        log_id=envelope.id,
        notifier=notifier.name,
        slug=notifier.wording_slug(),
        category=notifier.effective_category(),
        policy=to_one(policy, target[1]) if target else policy,
        reason=notifier.reason,
        url=_storable_url(notifier.url(event), notifier),
        about=envelope.about,
        group=_group(notifier, event),
        actor_id=envelope.actor_id,
        params=event.model_dump(),
        not_after=not_after,
        priority=notifier.event_type.priority,
        target=target[0] if target else None,
    )


def _target(notifier: Notifier[Any], event: Payload) -> tuple[int, str] | None:
    """Return the one endpoint that it goes to and its channel, if it goes to one; raise Cancel if that is gone."""
    if not notifier.to_endpoint:
        return None
    found = (
        Endpoint.objects.filter(pk=getattr(event, notifier.to_endpoint)).values_list("pk", "channel").first()
    )
    if found is None:
        raise Cancel("The endpoint is gone.")
    return found


def to_one(policy: Policy, channel: str) -> Policy:
    """Return the policy of what goes to one endpoint: nobody can switch it off, and no other channel is asked."""
    return replace(policy, defaults=(channel,), mandatory=frozenset({channel}))


def notice_to_named(event: Payload, rules: Rules | None = None) -> Notice:
    """Return the notice of a logged event whose recipients were named by who published it: see `notify`.

    It has no reason: the notifier's is true of its own audience only.
    """
    envelope = event.envelope
    found = notifiers.main(envelope.type)
    named = _by_type(
        EventTypes[envelope.type], rules, event, not_after=found.not_after(event) if found else None
    )
    return replace(
        named,
        log_id=envelope.id,
        reason="",
        about=envelope.about,
        group=_group(found, event) if found else envelope.about,
        actor_id=envelope.actor_id,
    )


def notice_by_hand(notifiable: NotifiableEvent) -> Notice:
    """Return the notice of a NotifiableEvent: by its notifier and event, or as far as its type and params tell."""
    log: EventLog | None = notifiable.event_log
    found = notifiers[notifiable.notifier] if notifiable.notifier else None
    if found is None:
        found = notifiers.main(notifiable.event_type)
    if found is not None and log is not None:
        return notice_of(found, log.read())
    event_type = EventTypes[notifiable.event_type]
    params = notifiable.params if notifiable.params is not None else (log.payload if log else {})
    event = _read(event_type, params, notifiable)
    notice = _by_type(event_type, None, event, params=params if isinstance(params, dict) else {})
    return replace(notice, log_id=log.pk, about=log.about, group=log.about) if log else notice


def _by_type(
    event_type: EventType,
    rules: Rules | None,
    event: Payload | None,
    *,
    params: Mapping[str, Any] | None = None,
    not_after: datetime | None = None,
) -> Notice:
    """Return the notice to people who were named. They are told of their own act too: somebody has chosen them."""
    found, category = notifiers.main(event_type), category_of(event_type)
    rules = rules_for(event_type, category) if rules is None else rules
    return Notice(
        event_type=str(event_type),
        log_id=None,
        notifier="",
        slug=found.wording_slug() if found else str(event_type),
        category=category,
        policy=policy_of(found, rules, not_after=not_after, named=True),
        reason=found.reason if found else "",
        url=_url(found, event, params or {}),
        about="",
        group="",
        actor_id=None,
        params=event.model_dump() if event else dict(params or {}),
        not_after=not_after,
        priority=event_type.priority,
    )


def _group(notifier: Notifier[Any], event: Payload) -> str:
    return UNSTORABLE.sub("", notifier.group(event))[:GROUP_LENGTH]


def policy_of(
    notifier: Notifier[Any] | None, rules: Rules, *, not_after: datetime | None = None, named: bool = False
) -> Policy:
    """Return what decides about the notifications of a notifier; of None: to people who were named, without one."""
    speaks = notifier or Notifier
    return Policy(
        defaults=notifier.channels if notifier else WITHOUT_NOTIFIER,
        notify_actor=named or (notifier is not None and notifier.notify_actor),
        mandatory=frozenset(speaks.mandatory),
        importance=rules.importance or speaks.importance,
        type_rule=rules.of_type,
        category_rule=rules.of_category,
        expired=not_after is not None and not_after <= timezone.now(),
        digest=speaks.digest,
        email_delay=speaks.email_delay,
        is_secret=rules.is_secret,
    )


def retention(notifier: Notifier[Any], rules: Rules) -> timedelta:
    """Return how long its notifications are kept: as the rules say, or else the notifier, or else the settings."""
    return rules.retention or notifier.effective_retention()


def retention_of(event_type: EventType, rules: Rules) -> timedelta:
    """Return how long notifications to people who were named are kept."""
    found = notifiers.main(event_type)
    return retention(found, rules) if found else rules.retention or category_retention(event_type.category)


def category_of(event_type: EventType) -> str:
    """Return the category of notifications to people who were named: the notifier's, or else the event type's."""
    found = notifiers.main(event_type)
    return found.effective_category() if found else event_type.category


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


def _url(notifier: Notifier[Any] | None, event: Payload | None, params: Mapping[str, Any]) -> str:
    if event is None:
        return _storable_url(str(params.get("url") or ""), notifier)
    given = notifier.url(event) if notifier else getattr(event, "url", "")
    return _storable_url(str(given or ""), notifier)


def _storable_url(url: str, notifier: Notifier[Any] | None) -> str:
    """Return the address, or none at all if the column would not take it: half an address leads astray."""
    if len(url) <= URL_LENGTH and not UNSTORABLE.search(url):
        return url
    logger.error("%s gave an address that cannot be stored; the notification leads nowhere.", notifier)
    return ""
