"""What becomes of stored endpoints as messages are sent to them: they rest, recover, or are retired."""

import logging
from datetime import datetime

from django.db import transaction

from engagement.channels import Stored, channels
from engagement.events import EndpointRetired
from engagement.models import Delivery, Endpoint
from engagement.models.endpoint import WHY_LENGTH
from events.bus import event_bus
from events.sql import execute, fetch, storable

logger = logging.getLogger(__name__)

#: The longest rest, in seconds, and the first of a row of failures.
LONGEST_REST, FIRST_REST = 3600.0, 5.0

#: Each failure in a row doubles the rest. Parameters: seconds, first, longest, id, when it was registered.
FAIL = """
    UPDATE engagement_endpoint
       SET failures = failures + 1,
           rests_until = greatest(rests_until, statement_timestamp() + interval '1 second'
                                  * greatest(%s, least(%s * 2 ^ least(failures, 20), %s)))
     WHERE id = %s AND registered_at = %s"""
#: Parameters: id.
RECOVER = """
    UPDATE engagement_endpoint SET failures = 0, rests_until = NULL
     WHERE id = %s AND (failures > 0 OR rests_until IS NOT NULL)"""
#: Parameters: why, id, when it was registered.
RETIRE = """
    UPDATE engagement_endpoint SET retired_at = statement_timestamp(), retired_because = %s
     WHERE id = %s AND registered_at = %s AND retired_at IS NULL
    RETURNING id"""


def rest(target: int | None, as_of: datetime | None, seconds: float, *, is_asked: bool = False) -> None:
    """Let an endpoint that did not take a message rest: so many seconds, or longer if it was not the first in a row.

    `is_asked`: the far end itself has said for how long.
    """
    if target is not None:
        execute(FAIL, [seconds, 0 if is_asked else FIRST_REST, LONGEST_REST, target, as_of])


def recover(target: int | None) -> None:
    """Forget that an endpoint did not take what was sent before."""
    if target is not None:
        execute(RECOVER, [target])


def retire(target: int | None, as_of: datetime | None, why: str) -> bool:
    """Use an endpoint no longer, unless it was registered anew since; its owner is told if they entered it.

    Returns whether this call retired it.
    """
    if target is None:
        return False
    with transaction.atomic():
        gone = fetch(RETIRE, [storable(why)[:WHY_LENGTH], target, as_of])
        if gone:
            _tell_owner(Endpoint.objects.get(pk=target))
    return bool(gone)


def give_up(delivery: Delivery, as_of: datetime | None, why: str) -> bool:
    """Retire an endpoint that did not take a message in all its attempts, unless it has taken another meanwhile.

    Who fails at one message, and takes all others, is there.
    """
    taken = Delivery.objects.filter(target=delivery.target_id, sent_at__gt=delivery.created_at)
    return not taken.exists() and retire(delivery.target_id, as_of, why)


def _tell_owner(endpoint: Endpoint) -> None:
    """Publish it; of a device nobody need be told: its program was removed."""
    logger.info("An endpoint of person %s by %s was retired.", endpoint.person_id, endpoint.channel)
    channel = channels().get(endpoint.channel)
    if isinstance(channel, Stored) and channel.is_entered:
        event_bus.publish(
            EndpointRetired(
                endpoint_id=endpoint.pk,
                person_id=str(endpoint.person_id),
                channel=str(channel.label),
                endpoint=endpoint.label or channel.shown(endpoint.value),
            )
        )


def last_deliveries(endpoint: Endpoint, limit: int = 5) -> list[Delivery]:
    """Return the newest messages to an endpoint, to its present owner."""
    found = Delivery.objects.of(endpoint.person_id).filter(target=endpoint)
    return list(found.order_by("-pk")[:limit])
