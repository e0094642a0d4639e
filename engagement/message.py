"""A Delivery as its channel gets it: with absolute links, and what is said around its text."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from engagement.channels.base import DigestContent, Outgoing
from engagement.decide import Reason
from engagement.digest import Entry, checked, content_of
from engagement.links import absolute, preferences_url, unsubscribe_url
from engagement.models import Delivery
from engagement.recheck import Recheck, Verdict
from engagement.registry import notifiers
from engagement.write import name_of


def preview_of(delivery: Delivery) -> Outgoing:
    """Return a message as it would be sent now, for operators; a digest with all that was gathered into it.

    Its link to unsubscribe leads to the preferences: the person's own needs no login, and is nobody else's.
    """
    verdict = Recheck([delivery]).verdict(delivery)
    found = message_of(delivery, verdict, checked(delivery) if delivery.is_digest else [])
    return replace(found, unsubscribe_url=preferences_url() if found.unsubscribe_url else "")


def message_of(delivery: Delivery, verdict: Verdict, entries: Sequence[Entry] = ()) -> Outgoing:
    """Return what is to be sent; `entries` are those of a digest."""
    habits = verdict.facts.habits
    optional = _optional_categories(delivery, verdict, entries)
    return Outgoing(
        message_id=delivery.message_id,
        endpoint=verdict.facts.target.value or delivery.endpoint,
        person=name_of(delivery.person) if verdict.facts.traits.exists else "",
        language=delivery.language or habits.language,
        time_zone=habits.time_zone,
        event_type=delivery.event_type,
        category=delivery.category,
        title=delivery.title,
        message=delivery.message,
        url=absolute(delivery.url),
        reason=delivery.reason,
        reason_for_machines=_reason_for_machines(delivery),
        thread=delivery.group or delivery.about,
        why_url=_why_url(delivery),
        preferences_url=preferences_url(delivery.category),
        unsubscribe_url=unsubscribe_url(delivery.person_id, optional) if optional else "",
        digest=_content(delivery, entries),
        about=delivery.about,
        importance=delivery.importance,
        created_at=delivery.created_at,
        not_after=delivery.not_after,
        kind=verdict.facts.target.kind,
        secrets=verdict.facts.target.secrets,
    )


def _content(delivery: Delivery, entries: Sequence[Entry]) -> DigestContent | None:
    return content_of(delivery, entries) if delivery.is_digest else None


def _optional_categories(delivery: Delivery, verdict: Verdict, entries: Sequence[Entry]) -> set[str]:
    """Return the categories that can be opted out of by this message."""
    told: list[tuple[Any, Verdict]] = [(delivery, verdict)]
    if delivery.is_digest:
        told = [(entry.delivery, entry.verdict) for entry in entries]
    return {each.category for each, found in told if found.outcome.reason != Reason.MANDATORY}


def _reason_for_machines(delivery: Delivery) -> str:
    """Return why, in the same words for everybody, so that mail programs can sort by it."""
    found = next((each for each in notifiers if each.name == delivery.notifier), None)
    with translation.override(settings.LANGUAGE_CODE):
        return str(found.reason) if found and found.reason else "digest" if delivery.is_digest else "by name"


def _why_url(delivery: Delivery) -> str:
    """Return where it is explained, to the person only."""
    if delivery.notifiable_id is None:
        return ""
    return absolute(reverse("engagement:outcome", args=[delivery.notifiable_id]))
