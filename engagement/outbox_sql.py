"""The statements that write Deliveries and open digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from engagement.channels import Outbound
from engagement.conf import conf
from engagement.decide import Wait
from engagement.endpoints_sql import targets_sql
from engagement.models import Delivery
from engagement.notice import Notice
from engagement.render import Text
from events.sql import execute

KEY = "{key}"
#: What is open for a person stays open for what is held from now on; it is due when the first of it is.
#: Parameters: channel, message id, priority, delete_at. The order keeps two batches from waiting for each other.
OPEN_DIGESTS = """
    INSERT INTO engagement_delivery
           (person_id, channel, endpoint, message_id, is_digest, priority, available_at, created_at, delete_at)
    SELECT person_id, %s, '', replace(%s, '{key}', replace(gen_random_uuid()::text, '-', '')), TRUE, %s,
           min(available_at), statement_timestamp(), %s
      FROM held GROUP BY person_id ORDER BY person_id
    ON CONFLICT (person_id, channel) WHERE gathered_at IS NULL AND finished_at IS NULL AND is_digest
    DO UPDATE SET available_at = least(engagement_delivery.available_at, excluded.available_at)"""
#: The same for a transaction of which nobody knows how long it takes: it must not hold a row that others wait for. So
#: these are closed from the start, and as good as an open one: whichever is due first gathers what is held.
CLOSED_DIGESTS = """
    INSERT INTO engagement_delivery
           (person_id, channel, endpoint, message_id, is_digest, gathered_at, priority, available_at, created_at,
            delete_at)
    SELECT person_id, %s, '', replace(%s, '{key}', replace(gen_random_uuid()::text, '-', '')), TRUE,
           statement_timestamp(), %s, min(available_at), statement_timestamp(), %s
      FROM held GROUP BY person_id"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is its own of one Delivery."""

    notifiable: int
    #: Which of the texts.
    number: int
    language: str
    wait: Wait
    #: None: at once.
    available_at: datetime | None


@cache
def _insert_sql(channel: Outbound, digests: str) -> str:
    targets = targets_sql(channel, "person", "(SELECT target FROM chosen)")
    person = get_user_model()._meta
    quote = connection.ops.quote_name
    return f"""
        WITH chosen AS (SELECT %s::bigint AS target),
             texts AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::boolean[])
                           WITH ORDINALITY AS texts(title, message, reason, is_fallback, number)),
             written AS (
        INSERT INTO engagement_delivery
               (notifiable_id, event_id, person_id, channel, endpoint, target_id, message_id, notifier, event_type,
                category, title, message, reason, url, about, "group", importance, is_fallback, language,
                wait, not_after, priority, state, available_at, created_at, delete_at)
        SELECT concerned.id, concerned.event_log_id, concerned.person_id, %s, coalesce(target.value, ''), target.id,
               replace(%s, '{KEY}', replace(gen_random_uuid()::text, '-', '')), %s, concerned.event_type,
               %s, texts.title, texts.message, texts.reason, %s, %s, %s, %s, texts.is_fallback, own.language,
               own.wait, %s, %s, CASE WHEN own.held THEN 'held' ELSE 'pending' END,
               coalesce(own.available_at, statement_timestamp()), %s, concerned.delete_at
          FROM unnest(%s::bigint[], %s::integer[], %s::text[], %s::text[], %s::boolean[], %s::timestamptz[])
               AS own(id, number, language, wait, held, available_at)
          JOIN texts USING (number)
          JOIN engagement_notifiableevent concerned ON concerned.id = own.id
          JOIN {quote(person.db_table)} person ON person.{quote(str(person.pk.column))} = concerned.person_id
          LEFT JOIN LATERAL ({targets}) target ON TRUE
         ORDER BY own.id, target.id
        ON CONFLICT (notifiable_id, channel, endpoint) DO NOTHING
        RETURNING person_id, state, available_at),
             held AS (SELECT person_id, available_at FROM written WHERE state = 'held')
        {digests}"""


def insert(channel: Outbound, notice: Notice, texts: Sequence[Text], drafts: Sequence[Draft]) -> None:
    """Insert the Deliveries of one channel, and open a digest for each person of whom something is held."""
    columns = [
        [getattr(text, name) for text in texts] for name in ("title", "message", "reason", "is_fallback")
    ]
    about = [notice.url, notice.about, notice.group, notice.policy.importance]
    own = [
        (
            each.notifiable,
            each.number + 1,
            each.language,
            str(each.wait),
            each.wait.is_digest,
            each.available_at,
        )
        for each in drafts
    ]
    message_id = channel.message_id(KEY)
    values: list[Any] = [channel.name, message_id, notice.notifier, notice.category, *about, notice.not_after]
    values += [notice.priority, timezone.now(), *map(list, zip(*own, strict=True))]
    digests = CLOSED_DIGESTS if notice.is_foreign else OPEN_DIGESTS
    statement = _insert_sql(channel, digests)
    execute(statement, [notice.target, *columns, *values, *_digest_values(channel)])


def open_digests(held: str, values: Sequence[Any], channel: Outbound) -> None:
    """Open digests for the rows `held` (person_id, available_at) of a WITH, whose parameters are the values."""
    execute(held + OPEN_DIGESTS, [*values, *_digest_values(channel)])


def _digest_values(channel: Outbound) -> list[Any]:
    """Return the parameters of OPEN_DIGESTS."""
    kept_until = timezone.now() + max(conf.retention, timedelta(days=1)) + timedelta(days=1)
    return [channel.name, channel.message_id(KEY), Delivery._meta.get_field("priority").default, kept_until]
