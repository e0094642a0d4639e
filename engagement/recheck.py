"""Decide again, when the turn of a message has come: much may have changed since it was planned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import timezone

from engagement.channels import Outbound, channel_of, channels
from engagement.decide import Medium, Outcome, Policy, Reason, Status, Traits, Wait, decide, never_waits
from engagement.endpoints_sql import TARGET, Target, target_sql
from engagement.models import Delivery
from engagement.notice import policy_of, to_one
from engagement.people_sql import WIDTH, Habits, people_sql, read
from engagement.registry import Notifier, notifiers
from engagement.rules import RuleBook
from engagement.timing import next_end
from events.bus import RetryLater
from events.sql import fetch

#: Seconds until a message looks again for a channel that is not set up.
LATER = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What has to be known of one message when its turn has come."""

    traits: Traits
    habits: Habits
    #: Where it goes.
    target: Target
    is_read: bool
    is_retracted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with it now."""

    outcome: Outcome
    facts: Facts
    #: Nothing holds it.
    never_waits: bool = False
    #: Not before then, and why; None: now.
    not_before: datetime | None = None
    why_not_before: str = ""

    @property
    def is_skipped(self) -> bool:
        """Whether it is not to be sent any more."""
        return self.outcome.status == Status.SKIPPED


@cache
def _facts_sql(channel: Outbound) -> str:
    target = target_sql(channel, "person", {each.name for each in notifiers if each.to_endpoint})
    columns, joins = people_sql("NULL", "concerned.about", "%s", "concerned.event_type", "concerned.category")
    return f"""
        SELECT {columns}, concerned.id, {TARGET},
               (SELECT shown.read_at IS NOT NULL FROM engagement_appnotification shown
                 WHERE shown.event_id = concerned.notifiable_id),
               concerned.about <> '' AND EXISTS (
                   SELECT 1 FROM engagement_retraction retracted
                    WHERE retracted.about = concerned.about AND retracted.last_event >= concerned.event_id)
          FROM engagement_delivery concerned {joins}
          LEFT JOIN LATERAL ({target}) target ON TRUE
         WHERE concerned.id = ANY(%s)"""


def facts_of(deliveries: Sequence[Delivery], channel: Outbound) -> dict[int, Facts]:
    """Return the facts of messages on one channel by primary key, in one query."""
    now = timezone.now()
    rows = fetch(_facts_sql(channel), [now, [each.pk for each in deliveries]])
    return {row[WIDTH]: _facts(row, channel.name, now) for row in rows}


def _facts(row: Sequence[Any], channel: str, now: datetime) -> Facts:
    traits, habits = read(row[:WIDTH], now)
    _pk, value, *target, is_read, is_retracted = row[WIDTH:]
    found = Target(value, *target) if value else Target("")
    # Of this very endpoint: a person may have others.
    traits = replace(
        traits,
        no_endpoint=frozenset() if value else frozenset({channel}),
        suppressed=frozenset({channel}) if found.is_suppressed else frozenset(),
    )
    return Facts(traits, habits, found, bool(is_read), is_retracted)


#: Of a message on a channel that is not there.
NO_FACTS = Facts(Traits(), Habits(settings.LANGUAGE_CODE), Target(""), is_read=False, is_retracted=False)


class Recheck:
    """Decides again about messages, with the rules as they are now."""

    def __init__(self, deliveries: Iterable[Delivery]) -> None:
        self._rules = RuleBook()
        self._facts: dict[int, Facts] = {}
        by_channel: dict[str, list[Delivery]] = {}
        for each in deliveries:
            by_channel.setdefault(each.channel, []).append(each)
        for name in by_channel.keys() & channels().keys():
            self._facts |= facts_of(by_channel[name], channel_of(name))

    def verdict(self, delivery: Delivery) -> Verdict:
        """Return what is to be done with a message now; raise RetryLater if its channel is not there, or not set up.

        That may be this process's own fault: somebody forgot a setting, or it is older than the message. It is waited
        for as long as notifications are kept.
        """
        late = timezone.now() > delivery.delete_at
        medium = _medium(delivery.channel)
        if not medium.configured and not late:
            raise RetryLater(LATER, f"The channel {delivery.channel} is not set up in this process")
        facts = self._facts.get(delivery.pk) or NO_FACTS
        policy = self._policy(delivery, facts)
        outcome = decide(medium, facts.traits, policy)
        if outcome.status == Status.PLANNED and delivery.wait == Wait.TO_BE_READ and facts.is_read:
            outcome = Outcome(Status.SKIPPED, Reason.ALREADY_READ)
        urgent = never_waits(outcome.reason, policy)
        return Verdict(outcome, facts, urgent, *_not_before(medium, outcome, facts, urgent=urgent))

    def _policy(self, delivery: Delivery, facts: Facts) -> Policy:
        if delivery.is_digest:
            # Its messages have been chosen one by one.
            return Policy(defaults=(delivery.channel,))
        rules = self._rules.rules_for(delivery.event_type, delivery.category)
        notifier, named = _notifier_of(delivery), not delivery.notifier
        policy = policy_of(notifier, rules, not_after=delivery.not_after, named=named)
        if notifier is not None and notifier.to_endpoint:
            policy = to_one(policy, delivery.channel)
        if notifier is None and delivery.notifier:
            # Renamed since, or not known here yet. It has been decided and worded: what it said stands.
            policy = replace(policy, defaults=(delivery.channel,))
        return replace(policy, retracted=facts.is_retracted)


def _notifier_of(delivery: Delivery) -> Notifier[Any] | None:
    if not delivery.notifier:
        return notifiers.main(delivery.event_type)
    return next((each for each in notifiers if each.name == delivery.notifier), None)


def _medium(channel: str) -> Medium:
    """Return what there is to know of a channel; one that is not there is not set up."""
    return channel_of(channel).medium() if channel in channels() else Medium(channel, configured=False)


def _not_before(
    medium: Medium, outcome: Outcome, facts: Facts, *, urgent: bool
) -> tuple[datetime | None, str]:
    """Return until when it has to wait, and why: the far end wants to be left alone, or the person does."""
    now, habits = timezone.now(), facts.habits
    if outcome.status != Status.PLANNED:
        return None, ""
    if facts.target.rests_until is not None and facts.target.rests_until > now:
        return facts.target.rests_until, "The endpoint did not take what was sent before, and rests."
    if urgent or not medium.is_heard or not facts.traits.quiet or habits.quiet_until is None:
        return None, ""
    return next_end(now, habits.quiet_until, habits.zone), "It is the person's quiet hours."
