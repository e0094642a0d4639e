"""No more than so many messages to a person in an hour; what is too many goes into their next digest, never away."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from engagement import outbox_sql
from engagement.channels import channel_of
from engagement.conf import conf
from engagement.decide import Wait
from engagement.models import Delivery
from engagement.people_sql import Habits
from engagement.recheck import Verdict
from engagement.timing import HOUR, next_hour
from events.sql import fetch

#: So that two workers count one after the other; in one order, so that they do not wait for each other.
LOCK = """
    SELECT pg_advisory_xact_lock(hashtextextended('carillon:limit:' || person, 0))
      FROM unnest(%s::text[]) AS person"""
COUNT = """
    SELECT person_id, count(*) FROM engagement_delivery
     WHERE person_id = ANY(%s) AND channel = %s AND allowed_at > statement_timestamp() - interval '1 hour'
       AND NOT category = ANY(%s)
     GROUP BY person_id"""
HOLD = """
    WITH held AS (
        UPDATE engagement_delivery
           SET state = 'held', over_limit = over_limit OR %s, wait = CASE WHEN %s THEN %s ELSE wait END,
               available_at = due.at,
               lease_token = NULL, lease_until = NULL
          FROM unnest(%s::bigint[], %s::timestamptz[]) AS due(id, at)
         WHERE engagement_delivery.id = due.id AND engagement_delivery.lease_token = %s
        RETURNING person_id, available_at)
    """


#: Until then the other messages that were sent again are held as well.
SOON = timedelta(seconds=10)

Judged = tuple[Delivery, Verdict]


def too_many(judged: Sequence[Judged]) -> set[int]:
    """Count the messages of one channel that are about to be sent; hold those that are too many, and return their keys.

    What was counted is not counted again when it is retried within the hour. A digest is counted, but never too many:
    it is the way out. So is what never waits.
    """
    limit, exempt, since = conf.emails_per_hour, conf.unlimited_categories, timezone.now() - HOUR
    new = [
        (each, verdict)
        for each, verdict in judged
        if each.category not in exempt and (each.allowed_at is None or each.allowed_at < since)
    ]
    if limit is None or not new:
        return set()
    with transaction.atomic():
        fetch(LOCK, [sorted({str(each.person_id) for each, _ in new})])
        over = _over(new, limit)
        fine = [each.pk for each, _ in new if each.pk not in over]
        Delivery.objects.filter(pk__in=fine).update(allowed_at=Now())
        _hold([(each, verdict.facts.habits) for each, verdict in new if each.pk in over])
    return over


def _over(judged: Sequence[Judged], limit: int) -> set[int]:
    """Return which of these are one too many, in the order in which they are due."""
    sent, over = _sent([each for each, _ in judged]), set()
    for each, verdict in judged:
        if sent[each.person_id] >= limit and not each.is_digest and not verdict.never_waits:
            over.add(each.pk)
        else:
            sent[each.person_id] += 1
    return over


def _sent(deliveries: Sequence[Delivery]) -> "Counter[object]":
    """Return how many messages each of these people has been sent in the last hour."""
    people = sorted({each.person_id for each in deliveries})
    return Counter(dict(fetch(COUNT, [people, deliveries[0].channel, conf.unlimited_categories])))


def collect(deliveries: Sequence[Delivery]) -> set[int]:
    """Hold messages that belong into a digest, due soon, and return their keys: they were sent again by an operator."""
    if deliveries:
        with transaction.atomic():
            _put([(each, timezone.now() + SOON) for each in deliveries], over_limit=False)
    return {each.pk for each in deliveries}


def _hold(over: Sequence[tuple[Delivery, Habits]]) -> None:
    """Put messages into the digests of the next hour."""
    now = timezone.now()
    _put([(each, next_hour(now, habits.zone)) for each, habits in over], over_limit=True)


def _put(due: Sequence[tuple[Delivery, datetime]], *, over_limit: bool) -> None:
    """Put messages of one channel and claim into the digests of these moments."""
    if not due:
        return
    first = due[0][0]
    moments = [moment for _, moment in due]
    values = [
        over_limit,
        over_limit,
        str(Wait.HOURLY),
        [each.pk for each, _ in due],
        moments,
        first.lease_token,
    ]
    outbox_sql.open_digests(HOLD, values, channel_of(first.channel))
