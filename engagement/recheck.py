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
from engagement.models import Delivery
from engagement.notice import policy_of
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
    #: Where the person is reached now.
    endpoint: str
    is_read: bool
    is_retracted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with it now."""

    outcome: Outcome
    facts: Facts
    #: Nothing holds it.
    never_waits: bool = False
    #: Not before then; None: now.
    not_before: datetime | None = None

    @property
    def is_skipped(self) -> bool:
        """Whether it is not to be sent any more."""
        return self.outcome.status == Status.SKIPPED


@cache
def _facts_sql(endpoint: str) -> str:
    columns, joins = people_sql("NULL", "concerned.about", "%s", "concerned.event_type", "concerned.category")
    return f"""
        SELECT {columns}, concerned.id, {endpoint},
               (SELECT shown.read_at IS NOT NULL FROM engagement_appnotification shown
                 WHERE shown.event_id = concerned.notifiable_id),
               concerned.about <> '' AND EXISTS (
                   SELECT 1 FROM engagement_retraction retracted
                    WHERE retracted.about = concerned.about AND retracted.last_event >= concerned.event_id)
          FROM engagement_delivery concerned {joins}
         WHERE concerned.id = ANY(%s)"""


def facts_of(deliveries: Sequence[Delivery], channel: Outbound) -> dict[int, Facts]:
    """Return the facts of messages on one channel by primary key, in one query."""
    now = timezone.now()
    rows = fetch(_facts_sql(channel.endpoint_sql("person")), [now, [each.pk for each in deliveries]])
    return {row[WIDTH]: _facts(row, now) for row in rows}


def _facts(row: Sequence[Any], now: datetime) -> Facts:
    traits, habits = read(row[:WIDTH], now)
    _pk, endpoint, is_read, is_retracted = row[WIDTH:]
    return Facts(traits, habits, endpoint or "", bool(is_read), is_retracted)


#: Of a message on a channel that is not there.
NO_FACTS = Facts(Traits(), Habits(settings.LANGUAGE_CODE), "", is_read=False, is_retracted=False)


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
        return Verdict(outcome, facts, urgent, None if urgent else _not_before(outcome, facts))

    def _policy(self, delivery: Delivery, facts: Facts) -> Policy:
        if delivery.is_digest:
            # Its messages have been chosen one by one.
            return Policy(defaults=(delivery.channel,))
        rules = self._rules.rules_for(delivery.event_type, delivery.category)
        notifier, named = _notifier_of(delivery), not delivery.notifier
        policy = policy_of(notifier, rules, not_after=delivery.not_after, named=named)
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


def _not_before(outcome: Outcome, facts: Facts) -> datetime | None:
    """Return the end of the quiet hours that are on."""
    if outcome.status != Status.PLANNED or not facts.traits.quiet:
        return None
    until = facts.habits.quiet_until
    return None if until is None else next_end(timezone.now(), until, facts.habits.zone)
