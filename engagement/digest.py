"""Digests: what was held for a person, gathered into one message.

A digest is a Delivery. While it is open, a partial unique index keeps it the only one of its person and channel.
Whoever holds a message has a lock on it until their commit, and whoever closes it takes that lock first: so what is
held is either seen when the digest is closed, or has opened the next one. Nothing is in two digests or in none. What is
held in somebody else's transaction brings a digest of its own along, closed from the start, and nobody waits for it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from engagement import digest_sql, outbox_sql
from engagement.channels import channel_of, outbound
from engagement.channels.base import DigestContent, DigestItem
from engagement.conf import conf
from engagement.decide import Importance, Outcome, Reason, Status
from engagement.links import absolute
from engagement.models import Delivery
from engagement.recheck import NO_FACTS, Recheck, Verdict
from engagement.timing import next_hour
from events.bus import RetryLater
from events.retention import hourly
from events.sql import LOST_DATABASE, execute, fetch
from events.work import LeaseLost

logger = logging.getLogger(__name__)

#: So many are in the message itself; the others are on a page.
SHOWN = 50
#: Seconds between two digests to a person: what came a moment too late does not make a digest of its own.
APART = 600


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in a digest, and whether it was read in the inbox meanwhile."""

    delivery: Delivery
    verdict: Verdict

    @property
    def is_read(self) -> bool:
        """Whether the person knows it already."""
        return self.verdict.facts.is_read


def gather(digest: Delivery, verdict: Verdict) -> None:
    """Close a digest: what is held for the person and due is in it from now on; raise LeaseLost, RetryLater."""
    if not digest.items.exists() and _came_lately(digest):
        now = timezone.now()
        later = next_hour(now, verdict.facts.habits.zone) - now
        raise RetryLater(later, "The person had a digest a moment ago.")
    with transaction.atomic():
        _close(digest)


def drop(digest: Delivery, why: str) -> None:
    """Close a digest that is not sent at all, with everything in it; raise LeaseLost."""
    with transaction.atomic():
        _close(digest)
        execute(digest_sql.DROP, [why, digest.pk])


def _close(digest: Delivery) -> None:
    mine = [digest.person_id, digest.channel]
    fetch(digest_sql.TAKE_TURNS, [str(digest.person_id)])
    if not execute(digest_sql.CLOSE, [digest.pk, digest.lease_token]):
        raise LeaseLost(f"The lease of {digest} ran out before it was begun.")
    if digest.gathered_at is not None and digest.items.exists():
        # Tried before, and perhaps taken: who knows its Message-ID would not look for anything new in it.
        return
    execute(digest_sql.GATHER, [digest.pk, *mine])
    outbox_sql.open_digests(digest_sql.LEFT, mine, channel_of(digest.channel))


def reopen() -> None:
    """Open others for digests that died before they were closed."""
    for channel in outbound():
        outbox_sql.open_digests(digest_sql.CLOSE_DEAD, [channel.name], channel)


hourly.append(reopen)


def _came_lately(digest: Delivery) -> bool:
    return bool(fetch(digest_sql.LATELY, [digest.person_id, digest.channel, digest.pk, APART]))


def entries_of(digest: Delivery) -> list[Entry]:
    """Return what is in a digest and is still to be told: the unread first, of these what matters, the newest first.

    What is not to be told any more (it was retracted, or the person has opted out) is taken out, with the reason.
    """
    found = checked(digest)
    _leave_out(digest, [each for each in found if each.verdict.is_skipped])
    return sorted((each for each in found if not each.verdict.is_skipped), key=_order)


def checked(digest: Delivery) -> list[Entry]:
    """Return what was gathered into a digest, with what would become of each message now."""
    messages = list(Delivery.objects.filter(digest=digest.pk).order_by("-notifiable_id"))
    recheck = Recheck(messages)
    return [Entry(each, _verdict(recheck, each)) for each in messages]


def _verdict(recheck: Recheck, message: Delivery) -> Verdict:
    """Return the verdict; of what cannot be decided again, that it is told: it must not hold up all the others."""
    try:
        return recheck.verdict(message)
    except LOST_DATABASE:
        raise
    except Exception:
        logger.exception("%s could not be decided again; its digest tells it.", message)
        return Verdict(Outcome(Status.PLANNED, Reason.UNKNOWN), NO_FACTS)


def _order(entry: Entry) -> tuple[bool, bool]:
    return entry.is_read, entry.delivery.importance == Importance.LOW


def _leave_out(digest: Delivery, entries: Sequence[Entry]) -> None:
    if entries:
        reasons = [str(each.verdict.outcome) for each in entries]
        execute(digest_sql.LEAVE_OUT, [[each.delivery.pk for each in entries], reasons, digest.pk])


def content_of(digest: Delivery, entries: Sequence[Entry]) -> DigestContent:
    """Return what the message says."""
    limited = any(each.delivery.over_limit for each in entries) and not _has_been_told(digest)
    return DigestContent(
        [_item(each) for each in entries[:SHOWN]],
        len(entries),
        absolute(reverse("engagement:digest", args=[digest.pk])),
        conf.emails_per_hour if limited else None,
    )


def _has_been_told(digest: Delivery) -> bool:
    """Tell whether the person has read of the limit in a digest of today."""
    return bool(fetch(digest_sql.TOLD, [digest.person_id, digest.channel, digest.pk]))


def _item(entry: Entry) -> DigestItem:
    delivery = entry.delivery
    return DigestItem(
        delivery.title,
        delivery.message,
        absolute(delivery.url),
        delivery.category,
        delivery.created_at,
        entry.is_read,
    )
