"""The parts of statements that ask where people are reached: by their account, or by rows of the table of endpoints."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engagement.channels import Stored, channels
from engagement.channels.base import Outbound
from engagement.endpoint import normal_sql

#: As Suppression has it.
SUPPRESSED_LENGTH = 320
IN_USE = "endpoint.retired_at IS NULL AND endpoint.verified_at IS NOT NULL"
#: Whether the row `endpoint` must not be used.
IS_SUPPRESSED = f"""EXISTS (SELECT 1 FROM engagement_suppression suppressed
                      WHERE suppressed.channel = endpoint.channel
                        AND suppressed.endpoint = left({normal_sql("endpoint.value")}, {SUPPRESSED_LENGTH}))"""
#: The keys of those of a person's endpoints that must not be used. Parameters: person.
SUPPRESSED_OF = f"""
    SELECT endpoint.id FROM engagement_endpoint endpoint WHERE endpoint.person_id = %s AND {IS_SUPPRESSED}"""
#: The keys of the newest messages to each of these endpoints, by one look at an index for each.
#: Parameters: keys of endpoints, their owner, how many.
NEWEST_DELIVERIES = """
    SELECT newest.id
      FROM unnest(%s::bigint[]) AS mine(id)
     CROSS JOIN LATERAL (
           SELECT delivery.id FROM engagement_delivery delivery
            WHERE delivery.target_id = mine.id AND delivery.person_id = %s
            ORDER BY delivery.id DESC LIMIT %s) newest"""
#: Before the name of a channel on which a person has but an endpoint that must not be used.
SUPPRESSED = "!"
#: On which channels a person has endpoints; of everybody by one look at an index, and by none where nobody has any.
REACHED = f"""
    LEFT JOIN LATERAL (
         SELECT array_agg(DISTINCT CASE WHEN {IS_SUPPRESSED} THEN '{SUPPRESSED}' ELSE '' END
                                   || endpoint.channel) AS channels
           FROM engagement_endpoint endpoint
          WHERE (SELECT EXISTS (SELECT 1 FROM engagement_endpoint))
            AND endpoint.person_id = concerned.person_id AND {IN_USE}) reached ON TRUE"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one message goes, as of now."""

    value: str
    is_suppressed: bool = False
    kind: str = ""
    secrets: Sequence[str] = field(default=(), repr=False)
    registered_at: datetime | None = None
    failures: int = 0
    rests_until: datetime | None = None


#: The columns of `target_sql` in the order of Target's fields.
TARGET = (
    "target.value, target.is_suppressed, target.kind, target.secrets, target.registered_at, target.failures,"
    " target.rests_until"
)


def stored_channels() -> set[str]:
    """Return the names of the channels whose endpoints are in the table."""
    return {channel.name for channel in channels().values() if isinstance(channel, Stored)}


def of_the_account() -> list[Outbound]:
    """Return the channels on which people are reached by what their account has."""
    return [
        channel
        for channel in channels().values()
        if isinstance(channel, Outbound) and not isinstance(channel, Stored)
    ]


def targets_sql(channel: Outbound, person: str, only: str) -> str:
    """Return a query for (id, value) of where a person is reached by a channel; `only` is an SQL expression.

    If that is no NULL it is the one stored endpoint to be used, be it verified or not.
    """
    if not isinstance(channel, Stored):
        return f"SELECT NULL::bigint AS id, {channel.endpoint_sql(person)} AS value"
    return f"""
        SELECT endpoint.id, endpoint.value FROM engagement_endpoint endpoint
         WHERE endpoint.person_id = concerned.person_id AND endpoint.channel = '{channel.name}'
           AND CASE WHEN {only} IS NULL THEN {IN_USE} ELSE endpoint.id = {only} AND endpoint.retired_at IS NULL END
           AND NOT {IS_SUPPRESSED}"""


def target_sql(channel: Outbound, person: str, unverified: Iterable[str]) -> str:
    """Return a query for TARGET of the Delivery `concerned`; `unverified` names notifiers that need no proof."""
    if not isinstance(channel, Stored):
        return f"""
            SELECT {channel.endpoint_sql(person)} AS value, {channel.suppressed_sql(person)} AS is_suppressed,
                   '' AS kind, '{{}}'::text[] AS secrets, NULL::timestamptz AS registered_at, 0 AS failures,
                   NULL::timestamptz AS rests_until"""
    names = ", ".join(f"'{name}'" for name in sorted(unverified)) or "NULL"
    return f"""
        SELECT endpoint.value, {IS_SUPPRESSED} AS is_suppressed, endpoint.kind, endpoint.registered_at,
               array_remove(ARRAY[endpoint.secret, CASE WHEN endpoint.old_secret_until > statement_timestamp()
                                                        THEN endpoint.old_secret ELSE '' END], '') AS secrets,
               endpoint.failures, endpoint.rests_until
          FROM engagement_endpoint endpoint
         WHERE endpoint.id = concerned.target_id AND endpoint.person_id = concerned.person_id
           AND endpoint.retired_at IS NULL
           AND (endpoint.verified_at IS NOT NULL OR concerned.notifier IN ({names}))"""


def reached(found: Sequence[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return on which stored channels a person has no endpoint, and on which none that may be used; from REACHED."""
    usable = {name for name in found or () if not name.startswith(SUPPRESSED)}
    barred = {name.removeprefix(SUPPRESSED) for name in found or ()} - usable
    return frozenset(stored_channels() - usable - barred), frozenset(barred)
