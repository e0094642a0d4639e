"""One batch: decide for each person and channel, render, insert, store the outcomes.

At most ten queries for 1,000 people, plus one update for each distinct combination of outcomes.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F
from django.db.models.functions import Now
from django.utils import translation

from engagement import process_sql
from engagement.channels import channels
from engagement.conf import conf
from engagement.decide import Outcome, Preset, Status, Traits, decide
from engagement.models import NotifiableEvent, NotificationBatch, NotificationPreference
from engagement.models.app import REASON_LENGTH
from engagement.notice import Notice, notice_by_hand, notice_of
from engagement.registry import notifiers
from engagement.render import Renderer, Text, shorten
from events.bus import EventTypes, Payload
from events.work import State, performs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One NotifiableEvent and what is known of its person."""

    pk: int
    person_id: Any
    traits: Traits


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
    _process_batch(batch, event, state=State.SUCCEEDED, finished_at=Now())


def _process_batch(batch: NotificationBatch, event: Payload, **changes: Any) -> None:
    notifier = notifiers[batch.notifier]
    counts = process(notice_of(notifier, event), process_sql.batch_rows(batch))
    # Added up: a batch that is done again finds only what is still undecided.
    NotificationBatch.objects.filter(pk=batch.pk).update(
        created=F("created") + counts.created,
        skipped=F("skipped") + counts.skipped,
        fallbacks=F("fallbacks") + counts.fallbacks,
        **changes,
    )


def process_by_hand(notifiable: NotifiableEvent) -> Counts:
    """Process one NotifiableEvent, inside the caller's transaction; the same code, a batch of one."""
    counts = process(notice_by_hand(notifiable), process_sql.single_row(notifiable))
    _forget_secrets(notifiable)
    return counts


def _forget_secrets(notifiable: NotifiableEvent) -> None:
    """Erase sensitive parameters that were given by hand; the log erases its own."""
    hidden = EventTypes[notifiable.event_type].sensitive
    if isinstance(notifiable.params, dict) and hidden & notifiable.params.keys():
        rest = {name: value for name, value in notifiable.params.items() if name not in hidden}
        NotifiableEvent.objects.filter(pk=notifiable.pk).update(params=rest)


def process(notice: Notice, rows: Sequence[process_sql.Row]) -> Counts:
    """Decide, render, insert and store the outcomes for these undecided NotifiableEvents."""
    candidates = _candidates(notice, rows)
    outcomes = _decide(notice, candidates)
    chosen = [each for each in candidates if outcomes[each]["app"].status == Status.CREATED]
    fallbacks = _create_app_notifications(notice, chosen)
    process_sql.store_outcomes(_combinations(outcomes))
    created = sum(any(out.status != Status.SKIPPED for out in each.values()) for each in outcomes.values())
    return Counts(created, len(candidates) - created, fallbacks)


def _candidates(notice: Notice, rows: Sequence[process_sql.Row]) -> list[Candidate]:
    choices = _choices(notice, [row.person_id for row in rows])
    return [
        Candidate(
            row.pk,
            row.person_id,
            Traits(
                exists=row.exists,
                active=row.active,
                is_actor=notice.actor_id is not None and row.person_id == notice.actor_id,
                type_choice=choices.get((row.person_id, "event_type")),
                category_choice=choices.get((row.person_id, "category")),
            ),
        )
        for row in rows
    ]


def _choices(notice: Notice, people: Sequence[Any]) -> dict[tuple[Any, str], Preset]:
    """Return the preferences that matter, by person and scope."""
    rows = NotificationPreference.objects.filter(
        person_id__in=people, event_type__in=["", notice.event_type], category__in=["", notice.category]
    ).values_list("person_id", "event_type", "type")
    found = {
        (person, "event_type" if event_type else "category"): Preset(kind)
        for person, event_type, kind in rows
    }
    without = len(people) - len({person for person, _scope in found})
    if without:
        logger.info(
            "%d of %d people chose nothing for %s: the default applies.",
            without,
            len(people),
            notice.event_type,
        )
    return found


def _decide(notice: Notice, candidates: Sequence[Candidate]) -> dict[Candidate, dict[str, Outcome]]:
    """Return the outcome on every channel of the installation; people with the same traits share theirs."""
    media = [channel.medium() for channel in channels().values()]
    by_traits = {
        traits: {
            medium.name: decide(medium, traits, defaults=notice.channels, notify_actor=notice.notify_actor)
            for medium in media
        }
        for traits in {candidate.traits for candidate in candidates}
    }
    return {candidate: by_traits[candidate.traits] for candidate in candidates}


def _combinations(
    outcomes: Mapping[Candidate, Mapping[str, Outcome]],
) -> dict[tuple[tuple[str, str], ...], list[int]]:
    """Return the ids of each distinct combination of outcomes."""
    found: dict[tuple[tuple[str, str], ...], list[int]] = defaultdict(list)
    for candidate, by_channel in outcomes.items():
        found[tuple((channel, str(outcome)) for channel, outcome in by_channel.items())].append(candidate.pk)
    return found


def _create_app_notifications(notice: Notice, chosen: Sequence[Candidate]) -> int:
    """Insert the inbox rows; return how many people got the fallback text."""
    if not chosen:
        return 0
    with translation.override(settings.LANGUAGE_CODE):
        renderer = Renderer(notice.slug, "app", settings.LANGUAGE_CODE, _fallback(notice))
        notice = replace(notice, reason=shorten(str(notice.reason), REASON_LENGTH))
        common = {"reason": notice.reason, "site": conf.site_name, **notice.params, "url": notice.url}
        pks = [candidate.pk for candidate in chosen]
        if "person" not in renderer.names - common.keys():
            text = renderer.render(common)
            process_sql.insert_same(notice, pks, text)
            return len(pks) if text.is_fallback else 0
        names = _names([candidate.person_id for candidate in chosen])
        texts = [renderer.render(common | {"person": names.get(each.person_id, "")}) for each in chosen]
    process_sql.insert_personal(notice, pks, texts)
    return sum(text.is_fallback for text in texts)


def _names(people: Sequence[Any]) -> dict[Any, str]:
    """Return what to call these people."""
    found = get_user_model()._default_manager.in_bulk(people)
    return {pk: _name(person) for pk, person in found.items()}


def _name(person: Any) -> str:
    """Return the full name of those user models that have one."""
    full_name = getattr(person, "get_full_name", str)()
    return full_name or str(person.get_username())


def _fallback(notice: Notice) -> Text:
    """Return a text that needs no wording: what kind of thing happened. The address is on the row."""
    found = EventTypes.get(notice.event_type)
    return Text(str(found.display_name) if found else notice.event_type, "", is_fallback=True)
