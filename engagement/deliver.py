"""Step 7: claimed messages are checked again, sent, and what came of it is recorded.

The excepts are broad, as in handle.py: here a failure becomes a row, and what is wrong with one message of a claim is
raised when it is that one's turn. The far end's answer is recorded before anything else, so that what it took is not
sent again because of us.
"""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

from django.db import connection
from django.utils import timezone

from engagement import deliver_sql, digest, endpoints, limit, pauses
from engagement.channels import channel_of
from engagement.channels.base import Connection, DeliveryError, Sent
from engagement.decide import Outcome, Reason, Status
from engagement.endpoint import masked_address
from engagement.endpoints_sql import Target
from engagement.message import message_of
from engagement.models import Delivery
from engagement.models.suppression import Cause
from engagement.recheck import Recheck, Verdict
from engagement.registry import is_sensitive
from engagement.suppress import suppress
from events.bus import GiveUp, RetryLater, Unavailable, Unreachable
from events.conf import conf as bus_conf
from events.sql import LOST_DATABASE
from events.work import LeaseLost, performs

logger = logging.getLogger(__name__)

#: How long to try to record what the far end took, in seconds, while the database is out of reach.
RECORD_SECONDS = 20.0
#: The part of a lease after which nothing more of a claim is sent: others may have it soon.
SAFE = 0.5
#: Being asked to wait is no failure, so who asks for less (Retry-After: 0) would be asked again without an end; and
#: nobody has a whole channel wait for longer. In seconds.
SHORTEST_WAIT, LONGEST_PAUSE = 10.0, 3_600.0
#: After how many seconds nobody is looked for again, of a channel that lays down its own attempts.
UNREACHED_SECONDS = 30.0

_thread = threading.local()


class Turn(AbstractContextManager["Turn"]):
    """What the messages of one drain's turn share: a connection for each channel, and the check of each claim."""

    def __init__(self) -> None:
        self._stack, self._connections = ExitStack(), dict[str, Connection]()
        self._token: uuid.UUID | None = None
        self._verdicts: dict[int, Verdict | Exception | None] = {}
        self._checked_at = 0.0

    def __enter__(self) -> Self:
        self._outer, _thread.turn = getattr(_thread, "turn", None), self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _thread.turn = self._outer
        self._stack.close()

    def connection(self, channel: str) -> Connection:
        """Return the connection of a channel."""
        if channel not in self._connections:
            self._connections[channel] = self._stack.enter_context(channel_of(channel).connect())
        return self._connections[channel]

    def verdict(self, delivery: Delivery) -> Verdict | None:
        """Return what is to be done with a message, None if it was held; the whole claim is checked at once.

        Raises LeaseLost if that was so long ago that somebody else may have the message soon.
        """
        if delivery.lease_token != self._token or delivery.pk not in self._verdicts:
            self._check(delivery.companions or [delivery])
        if time.monotonic() - self._checked_at > bus_conf.lease_seconds * SAFE:
            raise LeaseLost(f"The lease of {delivery} is about to run out.")
        found = self._verdicts[delivery.pk]
        if isinstance(found, Exception):
            raise found
        return found

    def _check(self, claimed: Sequence[Delivery]) -> None:
        checked_at, recheck = time.monotonic(), Recheck(claimed)
        verdicts = {each.pk: _tried(recheck, each) for each in claimed}
        held = _too_many(claimed, verdicts)
        self._verdicts = {key: None if key in held else found for key, found in verdicts.items()}
        self._checked_at, self._token = checked_at, claimed[0].lease_token


def _tried(recheck: Recheck, delivery: Delivery) -> Verdict | Exception:
    """Return the verdict, or why there is none: that is this message's own affair, and raised when it is its turn."""
    try:
        return recheck.verdict(delivery)
    except LOST_DATABASE:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        return error


def _too_many(claimed: Sequence[Delivery], verdicts: "dict[int, Verdict | Exception]") -> set[int]:
    """Hold what is too much for its person, channel by channel; return which of these that is."""
    going = [
        (each, verdict)
        for each in claimed
        if isinstance(verdict := verdicts[each.pk], Verdict)
        and not verdict.is_skipped
        and verdict.not_before is None
    ]
    names = {each.channel for each, _ in going if channel_of(each.channel).can_wait}
    held: set[int] = set()
    for name in names:
        found = [(each, verdict) for each, verdict in going if each.channel == name]
        collected = limit.collect([each for each, _ in found if each.is_collected])
        held |= collected | limit.too_many([each for each in found if each[0].pk not in collected])
    return held


@performs(Delivery, turn=Turn)
def deliver(delivery: Delivery) -> None:
    """Send one claimed message, or say why not."""
    turn: Turn | None = getattr(_thread, "turn", None)
    if turn is None:
        with Turn():
            return deliver(delivery)
    verdict = turn.verdict(delivery)
    if verdict is None:
        return None
    if verdict.is_skipped:
        if delivery.is_digest:
            digest.drop(delivery, str(verdict.outcome))
        return skip(delivery, str(verdict.outcome))
    if verdict.not_before is not None:
        raise RetryLater(verdict.not_before - timezone.now(), verdict.why_not_before)
    return _send(delivery, verdict, turn)


def skip(delivery: Delivery, why: str) -> None:
    """Record that it is not sent, and why; a secret in it has nobody to go to any more."""
    deliver_sql.skip(delivery, why, is_secret=is_sensitive(delivery.event_type))
    logger.info("Skipped %s: %s", delivery, why)


def _send(delivery: Delivery, verdict: Verdict, turn: Turn) -> None:
    entries = _gathered(delivery, verdict)
    if delivery.is_digest and all(entry.is_read for entry in entries):
        reason = Reason.ALREADY_READ if entries else Reason.NOTHING_LEFT
        return skip(delivery, str(Outcome(Status.SKIPPED, reason)))
    delivery.endpoint = verdict.facts.target.value
    try:
        sent = turn.connection(delivery.channel).send(message_of(delivery, verdict, entries))
    except DeliveryError as error:
        raise _recorded(delivery, error, verdict.facts.target) from error
    except LOST_DATABASE:
        raise
    except Exception as error:
        deliver_sql.record_error(delivery, error)
        raise
    _record_surely(delivery, sent)
    if verdict.facts.target.failures:
        endpoints.recover(delivery.target_id)
    logger.info("Sent %s to %s", delivery.message_id or delivery, masked_address(delivery.endpoint))
    if is_sensitive(delivery.event_type):
        deliver_sql.forget(delivery)
    return None


def _gathered(delivery: Delivery, verdict: Verdict) -> list[digest.Entry]:
    """Return what is in a digest; nothing for any other message."""
    if not delivery.is_digest:
        return []
    digest.gather(delivery, verdict)
    return digest.entries_of(delivery)


def _recorded(delivery: Delivery, error: DeliveryError, target: Target) -> Exception:
    """Record a failed attempt, and what follows for endpoint and channel; return what tells the state machine."""
    deliver_sql.record_failure(delivery, error.answer, error.code)
    follows = _follows(delivery, error)
    _blame(delivery, error, target, is_counted=not isinstance(follows, RetryLater))
    return follows


def _follows(delivery: Delivery, error: DeliveryError) -> Exception:
    """Return what a failed attempt means to its message; a channel that is refused pauses."""
    # No failure as long as notifications are kept; from then on it counts as one.
    is_patient = timezone.now() < delivery.delete_at
    if error.pause is not None:
        seconds = min(max(error.pause, SHORTEST_WAIT), LONGEST_PAUSE)
        pauses.pause(delivery.channel, error.answer, seconds=seconds)
        return Unavailable(seconds, error.answer) if is_patient else Unreachable(error.answer)
    if error.permanent:
        return GiveUp(error.answer)
    if error.retry_after is not None and is_patient:
        return RetryLater(max(error.retry_after, SHORTEST_WAIT), error.answer)
    if error.unreachable:
        # The attempts that a channel lays down are at somebody who answers: three of them within seconds would be over
        # before anybody has mended anything. What the settings say is meant.
        is_uncounted = delivery.has_usual_schedule and is_patient
        return Unavailable(UNREACHED_SECONDS, error.answer) if is_uncounted else Unreachable(error.answer)
    return error


def _blame(delivery: Delivery, error: DeliveryError, target: Target, *, is_counted: bool) -> None:
    """Do what is to be done with the endpoint: it is suppressed, retired, or rests.

    `is_counted`: the attempt is one of those that the schedule has.
    """
    if error.suppress:
        suppress(delivery.channel, delivery.endpoint, Cause.BOUNCE, error.answer)
    is_last = is_counted and not error.permanent and delivery.pause(delivery.failed + 1) is None
    if error.retire:
        endpoints.retire(delivery.target_id, target.registered_at, error.answer)
    elif is_last and channel_of(delivery.channel).gives_up:
        endpoints.give_up(delivery, target.registered_at, error.answer)
    elif error.slow is not None:
        is_asked = error.retry_after is not None
        endpoints.rest(delivery.target_id, target.registered_at, error.slow, is_asked=is_asked)


def _record_surely(delivery: Delivery, sent: Sent) -> None:
    """Record that it was taken; if the database is out of reach, try for a while: else it would be sent again."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            return deliver_sql.record_success(delivery, sent, is_secret=is_sensitive(delivery.event_type))
        except LOST_DATABASE:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)
