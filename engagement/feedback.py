"""What a provider tells of a message afterwards: that it arrived, came back, or was not wanted."""

import logging
from enum import StrEnum

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from engagement.endpoint import is_same, masked_address, spellings_of
from engagement.mail.ids import domain
from engagement.models import Cause, Delivery, Feedback
from engagement.suppress import suppress
from engagement.unsubscribe import unsubscribe
from events.sql import storable

logger = logging.getLogger(__name__)


class Signal(StrEnum):
    """What is listened to."""

    DELIVERED = "delivered"
    #: It did not arrive, and the address is to blame: no other message would.
    BOUNCED = "bounced"
    #: It did not arrive, for whatever other reason.
    FAILED = "failed"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


FEEDBACK = {
    Signal.DELIVERED: Feedback.DELIVERED,
    Signal.BOUNCED: Feedback.BOUNCED,
    Signal.FAILED: Feedback.FAILED,
    Signal.COMPLAINED: Feedback.COMPLAINED,
    Signal.UNSUBSCRIBED: Feedback.UNSUBSCRIBED,
}
CAUSES = {Signal.BOUNCED: Cause.BOUNCE, Signal.COMPLAINED: Cause.COMPLAINT}
#: Each is kept when one to the left of it is told later: signals come in any order, and more than once.
STRENGTH = [
    Feedback.NONE,
    Feedback.DELIVERED,
    Feedback.FAILED,
    Feedback.UNSUBSCRIBED,
    Feedback.BOUNCED,
    Feedback.COMPLAINED,
]


def received(
    kind: str,
    *,
    message_id: str = "",
    provider_id: str = "",
    address: str = "",
    event_id: str = "",
    detail: str = "",
) -> None:
    """Take note of what a provider tells of one of our messages; of others', and of other kinds, do nothing.

    `message_id` is ours, with its angle brackets; the other two ids are the provider's, of the message and of the
    signal; `detail` is what the far end said. All of it or, if this raises, nothing of it is done; it may come again.
    """
    if kind not in set(Signal):
        return
    with transaction.atomic():
        delivery = _find(storable(message_id), storable(provider_id))
        if delivery is not None:
            _note(delivery, Signal(kind), address, detail)
        elif message_id.endswith(f"@{domain()}>"):
            # How it is written in the account, the mail would have told.
            for spelling in sorted(spellings_of(address)):
                _suppress(Signal(kind), "email", spelling, detail)
        else:
            return
    whose = masked_address(address)
    logger.info("Told by the provider (%s): %s of %s to %s.", event_id, kind, delivery or message_id, whose)


def _find(message_id: str, provider_id: str) -> Delivery | None:
    """Look by each of the ids, which is an index; in no order, or the planner may walk over all of them."""
    for name, value in {"message_id": message_id, "provider_id": provider_id}.items():
        rows: list[Delivery] = list(Delivery.objects.filter(**{name: value})[:1]) if value else []
        if rows:
            return rows[0]
    return None


def _note(delivery: Delivery, signal: Signal, address: str, detail: str) -> None:
    """Record it, and do what follows, once; not for an address to which the message was not sent by us."""
    feedback = FEEDBACK[signal]
    if delivery.feedback == feedback:
        return
    weaker = Delivery.objects.filter(pk=delivery.pk, feedback__in=STRENGTH[: STRENGTH.index(feedback)])
    weaker.update(feedback=feedback, feedback_at=timezone.now())
    if not is_same(address or delivery.endpoint, delivery.endpoint):
        return
    _suppress(signal, delivery.channel, delivery.endpoint, detail)
    if signal == Signal.UNSUBSCRIBED:
        _unsubscribe(delivery)


def _suppress(signal: Signal, channel: str, address: str, detail: str) -> None:
    if cause := CAUSES.get(signal):
        suppress(channel, address, cause, detail)


def _unsubscribe(delivery: Delivery) -> None:
    """Switch the mails of its category off, or those of all that is in the digest."""
    person = get_user_model()._default_manager.filter(pk=delivery.person_id).first()
    categories = [each for each in _categories(delivery) if each]
    if person is not None and categories:
        unsubscribe(person, categories)


def _categories(delivery: Delivery) -> list[str]:
    if not delivery.is_digest:
        return [delivery.category]
    return sorted(set(Delivery.objects.filter(digest=delivery).values_list("category", flat=True)))
