"""One batch: decide for each person and channel, render, insert, store the outcomes.

A few queries for 1,000 people, plus one for each distinct combination of outcomes.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from engagement import announce, outbox, people_sql, process_sql
from engagement.channels import channels
from engagement.decide import Outcome, Status, decide
from engagement.models import NotifiableEvent, NotificationBatch
from engagement.notice import Notice, notice_by_hand, notice_of, notice_to_named
from engagement.people_sql import Group
from engagement.process_sql import Decided
from engagement.registry import notifiers
from engagement.retract import is_retracted
from engagement.rules import Rules
from engagement.write import Source, Writer
from events.bus import EventTypes, Payload, Priority
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


def process_at_once(batch: NotificationBatch, event: Payload, rules: Rules) -> None:
    """Work off a batch that was planned in this very transaction."""
    _process_batch(batch, event, rules, finish=True)


def _process_batch(
    batch: NotificationBatch, event: Payload, rules: Rules | None = None, *, finish: bool = False
) -> None:
    found = notifiers[batch.notifier] if batch.notifier else None
    notice = notice_of(found, event, rules) if found else notice_to_named(event, rules)
    priority, is_foreign = Priority(max(notice.priority, batch.priority)), finish and not batch.notifier
    notice = replace(notice, priority=priority, is_foreign=is_foreign)
    counts = process(notice, people_sql.groups_of_batch(batch, notice))
    process_sql.add_counts(batch, astuple(counts), finish=finish)


def process_by_hand(notifiable: NotifiableEvent) -> Counts:
    """Process one NotifiableEvent, inside the caller's transaction; the same code, a batch of one."""
    notice = notice_by_hand(notifiable)
    counts = process(notice, people_sql.group_of_one(notifiable, notice))
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
    notice = _as_it_stands(notice)
    decided = _decide(notice, groups)
    shown = [each for each in decided if each.outcomes["app"].status == Status.CREATED]
    source = Source(notice, groups)
    fallbacks = _fill_inboxes(source, shown, groups)
    for each in decided:
        if each not in shown:
            process_sql.store(each)
    outbox.write(source, decided, groups)
    skipped = sum(len(each.pks) for each in decided if each.is_skipped())
    counts = Counts(sum(len(each.pks) for each in decided) - skipped, skipped, fallbacks)
    _log(notice, groups, counts)
    return counts


def _log(notice: Notice, groups: Sequence[Group], counts: Counts) -> None:
    """Say what came of it, once for a batch, and for how many the default had to do."""
    silent = sum(len(group.pks) for group in groups if not group.traits.has_chosen())
    logger.info(
        "%s: %d notified on at least one channel, %d on none, %d with the fallback text; %d had chosen nothing.",
        notice.event_type,
        counts.created,
        counts.skipped,
        counts.fallbacks,
        silent,
    )


def _as_it_stands(notice: Notice) -> Notice:
    """Return the notice, retracted if the event was; from here on nobody can retract it before the commit."""
    if not notice.about or notice.log_id is None or not is_retracted(notice.about, notice.log_id):
        return notice
    return replace(notice, policy=replace(notice.policy, retracted=True))


def _decide(notice: Notice, groups: Sequence[Group]) -> list[Decided]:
    """Return the outcome on every channel of the installation; those with the same outcomes are put together."""
    media = [channel.medium() for channel in channels().values()]
    found: dict[tuple[Outcome, ...], list[int]] = defaultdict(list)
    for group in groups:
        # It goes to the one endpoint that it names, whether the person has another or not.
        traits = replace(group.traits, no_endpoint=frozenset()) if notice.target else group.traits
        outcomes = (decide(medium, traits, notice.policy) for medium in media)
        found[tuple(outcomes)] += group.pks
    return [Decided(media, outcomes, pks) for outcomes, pks in found.items()]


def _fill_inboxes(source: Source, shown: Sequence[Decided], groups: Sequence[Group]) -> int:
    """Store these outcomes with the inbox rows; return how many people got the fallback text."""
    if not shown:
        return 0
    chosen = {pk for each in shown for pk in each.pks}
    concerned = [
        replace(group, pks=pks) for group in groups if (pks := [*filter(chosen.__contains__, group.pks)])
    ]
    found = Writer(source, "app", (group.language for group in concerned)).write(concerned)
    for each in shown:
        process_sql.store_and_show(each, source.notice, found.texts, found.number)
    announce.rows_written(source.notice.log_id, chosen)
    return found.fallbacks()
