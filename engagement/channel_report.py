"""How the channels are doing, for operators: what waits, what came of the last attempts, who can be reached.

It is asked of tables with millions of rows, so every count has a limit: each statement looks at so many rows by an
index, and of what is more it says that there is more. There are as many statements for many channels as for one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from engagement import pauses
from engagement.channels import Outbound, Stored, outbound
from engagement.models import ChannelPause, DeliveryAttempt
from events.bus import Priority
from events.sql import fetch

#: So many of anything are counted, as in the lists of the admin.
COUNT_LIMIT = 10_000
#: The attempts of so long are counted, or so many of them, the newest.
LATELY, MOST_ATTEMPTS = timedelta(hours=24), 50_000
#: Endpoints that were retired in so many days.
DAYS = 7
#: So many codes of failures, and reasons for which endpoints were retired, are listed.
MOST_KINDS = 10

#: Which messages of each channel are due, wait for their time (pending or retrying), are on their way, or dead. Of the
#: last two there is no index by channel: they are few, or the newest are counted.
#: Parameters: channels, priorities, limit; again; limit; limit.
MESSAGES = """
    SELECT found.channel, found.what, count(*) FROM (
        SELECT asked.channel, 'due' AS what
          FROM unnest(%s::text[]) AS asked(channel), LATERAL (
               SELECT 1 FROM engagement_delivery message
                WHERE message.channel = asked.channel AND message.state IN ('pending', 'retrying')
                  AND message.priority = ANY(%s) AND message.available_at <= statement_timestamp()
                LIMIT %s) message
        UNION ALL
        SELECT asked.channel, message.state
          FROM unnest(%s::text[]) AS asked(channel), LATERAL (
               SELECT message.state FROM engagement_delivery message
                WHERE message.channel = asked.channel AND message.state IN ('pending', 'retrying')
                  AND message.priority = ANY(%s) AND message.available_at > statement_timestamp()
                LIMIT %s) message
        UNION ALL
        (SELECT channel, state FROM engagement_delivery WHERE state = 'running' LIMIT %s)
        UNION ALL
        (SELECT channel, state FROM engagement_delivery WHERE state = 'dead' ORDER BY finished_at DESC LIMIT %s)
    ) found
     GROUP BY 1, 2"""
#: What came of the last attempts, by channel and code. Each message is looked up by its key: there may be very many
#: others, and the planner is not to read them all.
#: Parameters: since, limit.
ATTEMPTS = """
    WITH recent AS MATERIALIZED (
        SELECT id, delivery_id, at, succeeded, code FROM engagement_deliveryattempt
         WHERE at > %s ORDER BY at DESC LIMIT %s)
    SELECT message.channel, recent.succeeded, recent.code, count(*), max(recent.id), min(recent.at)
      FROM recent, LATERAL (SELECT channel FROM engagement_delivery WHERE id = recent.delivery_id LIMIT 1) message
     GROUP BY 1, 2, 3"""
#: Which endpoints of each channel are in use, wait to be verified, or were retired lately and why.
#: Parameters: channels, limit, channels, days, limit.
ENDPOINTS = """
    SELECT found.channel, found.what, found.why, count(*) FROM (
        SELECT asked.channel, CASE WHEN seen.verified_at IS NULL THEN 'unverified' ELSE 'in use' END AS what, '' AS why
          FROM unnest(%s::text[]) AS asked(channel), LATERAL (
               SELECT verified_at FROM engagement_endpoint endpoint
                WHERE endpoint.channel = asked.channel AND endpoint.retired_at IS NULL
                ORDER BY endpoint.last_seen_at DESC LIMIT %s) seen
        UNION ALL
        SELECT asked.channel, 'retired', gone.retired_because
          FROM unnest(%s::text[]) AS asked(channel), LATERAL (
               SELECT retired_because FROM engagement_endpoint endpoint
                WHERE endpoint.channel = asked.channel
                  AND endpoint.retired_at > statement_timestamp() - %s * interval '1 day'
                ORDER BY endpoint.retired_at DESC LIMIT %s) gone
    ) found
     GROUP BY 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are: so many, or more."""

    number: int = 0
    may_be_more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' * self.may_be_more}"

    def __bool__(self) -> bool:
        return bool(self.number)


@dataclass(frozen=True, slots=True)
class Messages:
    """Those of one channel that are not sent."""

    due: Count
    #: For their time: pending, and put off or failed before.
    waiting: Count
    retrying: Count
    running: Count
    dead: Count


@dataclass(frozen=True, slots=True)
class Lately:
    """What came of the attempts of one channel."""

    #: From when on they are counted.
    since: datetime
    sent: int
    failed: int
    #: How many failed by code, the most frequent first.
    codes: list[tuple[str, int]]
    last_failure: DeliveryAttempt | None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Those of one channel."""

    in_use: Count
    unverified: Count
    retired: Count
    #: How many were retired lately by reason, the most frequent first.
    reasons: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """How one channel is doing."""

    channel: Outbound
    #: What operators have to do before it can be used; empty if it can.
    lacks: str
    #: The pause that is in force.
    pause: ChannelPause | None
    messages: Messages
    lately: Lately
    #: None if people are reached by what their account has.
    endpoints: Endpoints | None


def reports() -> list[ChannelReport]:
    """Return how each channel is doing that leaves the house."""
    channels = outbound()
    names = [each.name for each in channels]
    paused, messages = pauses.paused(), _messages(names)
    lately, endpoints = (
        _lately(names),
        _endpoints([each.name for each in channels if isinstance(each, Stored)]),
    )
    return [
        ChannelReport(
            each,
            each.lacks(),
            paused.get(each.name),
            messages[each.name],
            lately[each.name],
            endpoints.get(each.name),
        )
        for each in channels
    ]


def _messages(names: list[str]) -> dict[str, Messages]:
    due = [names, list(Priority.values), COUNT_LIMIT]
    rows = fetch(MESSAGES, [*due, *due, COUNT_LIMIT, COUNT_LIMIT])
    found = Counter({(channel, what): count for channel, what, count in rows})
    every = Counter[str]()
    for (_channel, what), count in found.items():
        every[what] += count
    return {name: _of_one(name, found, every) for name in names}


def _of_one(name: str, found: Mapping[tuple[str, str], int], every: Mapping[str, int]) -> Messages:
    """Return the counts of one channel; `every` has those of all of them, for what is counted as a whole."""
    due, waiting, retrying = (found[name, what] for what in ("due", "pending", "retrying"))
    return Messages(
        due=_count(due),
        waiting=_count(waiting, of=waiting + retrying),
        retrying=_count(retrying, of=waiting + retrying),
        running=_count(found[name, "running"], of=every["running"]),
        dead=_count(found[name, "dead"], of=every["dead"]),
    )


def _count(number: int, *, of: int | None = None) -> Count:
    """Return a count; there may be more if that of which it is a part has reached the limit."""
    return Count(number, (number if of is None else of) >= COUNT_LIMIT)


class _Attempts(NamedTuple):
    """Those at messages of one channel that ended alike."""

    channel: str
    succeeded: bool
    code: str
    number: int
    newest: int
    since: datetime


def _lately(names: list[str]) -> dict[str, Lately]:
    since = timezone.now() - LATELY
    rows = [_Attempts(*row) for row in fetch(ATTEMPTS, [since, MOST_ATTEMPTS])]
    if sum(row.number for row in rows) >= MOST_ATTEMPTS:
        since = min(row.since for row in rows)
    failed = {name: [row for row in rows if row.channel == name and not row.succeeded] for name in names}
    newest = {name: max((row.newest for row in failed[name]), default=0) for name in names}
    last = DeliveryAttempt.objects.in_bulk(list(newest.values()))
    return {
        name: Lately(
            since=since,
            sent=sum(row.number for row in rows if row.channel == name and row.succeeded),
            failed=sum(row.number for row in failed[name]),
            codes=_most({row.code: row.number for row in failed[name]}),
            last_failure=last.get(newest[name]),
        )
        for name in names
    }


def _endpoints(names: list[str]) -> dict[str, Endpoints]:
    found = {name: Counter[tuple[str, str]]() for name in names}
    for channel, what, why, count in fetch(ENDPOINTS, [names, COUNT_LIMIT, names, DAYS, COUNT_LIMIT]):
        found[channel][what, why] = count
    return {name: _endpoints_of_one(found[name]) for name in names}


def _endpoints_of_one(found: Counter[tuple[str, str]]) -> Endpoints:
    in_use, unverified = found["in use", ""], found["unverified", ""]
    retired = {why: count for (what, why), count in found.items() if what == "retired"}
    return Endpoints(
        in_use=_count(in_use, of=in_use + unverified),
        unverified=_count(unverified, of=in_use + unverified),
        retired=_count(sum(retired.values())),
        reasons=_most(retired),
    )


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the most frequent first."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_KINDS]
