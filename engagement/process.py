"""One batch: decide for each person and channel, render, insert, store the outcomes.

A few queries for 1,000 people, plus one for each distinct combination of outcomes.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import translation

from engagement import process_sql
from engagement.channels import channels
from engagement.conf import conf
from engagement.decide import Outcome, Status, decide
from engagement.models import NotifiableEvent, NotificationBatch
from engagement.models.app import REASON_LENGTH
from engagement.notice import Notice, notice_by_hand, notice_of
from engagement.process_sql import Decided, Group
from engagement.registry import notifiers
from engagement.render import Renderer, Text, shorten
from events.bus import EventTypes, Payload
from events.work import performs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a batch, in people."""

    created: int
    skipped: int
    fallbacks: int


@performs(NotificationBatch)
def process_batch(batch: NotificationBatch) -> None:
    """Work off one batch, inside the transaction that completes it."""
    _process_batch(batch, batch.event.read())


def process_at_once(batch: NotificationBatch, event: Payload) -> None:
    """Work off a batch that was planned in this very transaction."""
    _process_batch(batch, event, finish=True)


def _process_batch(batch: NotificationBatch, event: Payload, *, finish: bool = False) -> None:
    notice = notice_of(notifiers[batch.notifier], event)
    counts = process(notice, process_sql.groups_of_batch(batch, notice))
    process_sql.add_counts(batch, astuple(counts), finish=finish)


def process_by_hand(notifiable: NotifiableEvent) -> Counts:
    """Process one NotifiableEvent, inside the caller's transaction; the same code, a batch of one."""
    notice = notice_by_hand(notifiable)
    counts = process(notice, process_sql.group_of_one(notifiable, notice))
    _forget_secrets(notifiable)
    return counts


def _forget_secrets(notifiable: NotifiableEvent) -> None:
    """Erase sensitive parameters that were given by hand; the log erases its own."""
    hidden = EventTypes[notifiable.event_type].sensitive
    if isinstance(notifiable.params, dict) and hidden & notifiable.params.keys():
        rest = {name: value for name, value in notifiable.params.items() if name not in hidden}
        NotifiableEvent.objects.filter(pk=notifiable.pk).update(params=rest)


def process(notice: Notice, groups: Sequence[Group]) -> Counts:
    """Decide, render, insert and store the outcomes for these undecided NotifiableEvents."""
    _log_who_chose_nothing(notice, groups)
    decided = _decide(notice, groups)
    shown = [each for each in decided if each.outcomes["app"].status == Status.CREATED]
    fallbacks = _fill_inboxes(notice, shown)
    for each in decided:
        if each not in shown:
            process_sql.store(each)
    skipped = [
        len(each.pks)
        for each in decided
        if all(out.status == Status.SKIPPED for out in each.outcomes.values())
    ]
    return Counts(sum(len(each.pks) for each in decided) - sum(skipped), sum(skipped), fallbacks)


def _log_who_chose_nothing(notice: Notice, groups: Sequence[Group]) -> None:
    people = sum(len(group.pks) for group in groups)
    without = sum(
        len(group.pks) for group in groups if group.traits.type_choice is group.traits.category_choice is None
    )
    if without:
        logger.info(
            "%d of %d people chose nothing for %s: the default applies.", without, people, notice.event_type
        )


def _decide(notice: Notice, groups: Sequence[Group]) -> list[Decided]:
    """Return the outcome on every channel of the installation; those with the same outcomes are put together."""
    media = [channel.medium() for channel in channels().values()]
    found: dict[tuple[Outcome, ...], list[int]] = defaultdict(list)
    for group in groups:
        outcomes = (
            decide(medium, group.traits, defaults=notice.channels, notify_actor=notice.notify_actor)
            for medium in media
        )
        found[tuple(outcomes)] += group.pks
    names = [medium.name for medium in media]
    return [Decided(dict(zip(names, outcomes, strict=True)), pks) for outcomes, pks in found.items()]


def _fill_inboxes(notice: Notice, shown: Sequence[Decided]) -> int:
    """Store these outcomes with the inbox rows; return how many people got the fallback text."""
    if not shown:
        return 0
    with translation.override(settings.LANGUAGE_CODE):
        renderer = Renderer(notice.slug, "app", settings.LANGUAGE_CODE, _fallback(notice))
        notice = replace(notice, reason=shorten(str(notice.reason), REASON_LENGTH))
        common = {"reason": notice.reason, "site": conf.site_name, **notice.params, "url": notice.url}
        if "person" not in renderer.names - common.keys():
            text = renderer.render(common)
            for each in shown:
                process_sql.store_and_show(each, notice, text)
            return sum(len(each.pks) for each in shown) if text.is_fallback else 0
        names = _names([pk for each in shown for pk in each.pks])
        texts = {pk: renderer.render(common | {"person": name}) for pk, name in names.items()}
    for each in shown:
        process_sql.store_and_show_personal(each, notice, {pk: texts[pk] for pk in each.pks})
    return sum(text.is_fallback for text in texts.values())


def _names(pks: Sequence[int]) -> dict[int, str]:
    """Return what to call the people whom these NotifiableEvents concern."""
    people = process_sql.people_of(pks)
    found = get_user_model()._default_manager.in_bulk(list(people.values()))
    return {pk: _name(found[person]) if person in found else "" for pk, person in people.items()}


def _name(person: Any) -> str:
    """Return the full name of those user models that have one."""
    full_name = getattr(person, "get_full_name", str)()
    return full_name or str(person.get_username())


def _fallback(notice: Notice) -> Text:
    """Return a text that needs no wording: what kind of thing happened. The address is on the row."""
    found = EventTypes.get(notice.event_type)
    return Text(str(found.display_name) if found else notice.event_type, "", is_fallback=True)
