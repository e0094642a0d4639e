"""The statements that record what came of a message, each a transaction of its own."""

from engagement.channels.base import Sent
from engagement.models import Delivery
from engagement.models.delivery import MESSAGE_ID_LENGTH
from engagement.secret import ERASE, erasing
from events.sql import execute, storable

ANSWER_LENGTH = 1000

#: Success is a fact: it is recorded whoever holds the lease by now, unless the row is done.
#: Parameters: endpoint, provider's id, those of ERASE, id, id, answer.
SUCCEED = f"""
    WITH sent AS (
        UPDATE engagement_delivery
           SET state = 'succeeded', lease_token = NULL, lease_until = NULL, last_error = '',
               finished_at = statement_timestamp(), sent_at = statement_timestamp(), endpoint = %s, provider_id = %s,
               allowed_at = CASE WHEN allowed_at IS NOT NULL THEN statement_timestamp() END,
               {ERASE}
         WHERE id = %s AND finished_at IS NULL)
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, answer)
    VALUES (%s, statement_timestamp(), TRUE, %s)"""
#: Parameters: id, answer.
FAIL = """
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, answer)
    VALUES (%s, statement_timestamp(), FALSE, %s)"""
#: Parameters: why, those of ERASE, id, token.
SKIP = f"""
    UPDATE engagement_delivery
       SET state = 'skipped', lease_token = NULL, lease_until = NULL, last_error = %s,
           finished_at = statement_timestamp(), {ERASE}
     WHERE id = %s AND lease_token = %s"""

#: What is being sent at this moment cannot be called back; what was gathered into a digest is left out of it.
#: Parameters: why, those of ERASE, about.
CALL_OFF = f"""
    UPDATE engagement_delivery
       SET state = 'cancelled', last_error = %s, finished_at = statement_timestamp(), {ERASE}
     WHERE about = %s AND finished_at IS NULL AND state <> 'running'"""


def record_success(delivery: Delivery, sent: Sent) -> None:
    """Record that the far end took a message; a secret in it is erased."""
    provider_id = storable(sent.provider_id)[:MESSAGE_ID_LENGTH]
    answer = storable(sent.answer)[:ANSWER_LENGTH]
    execute(SUCCEED, [delivery.endpoint, provider_id, *erasing(), delivery.pk, delivery.pk, answer])


def record_failure(delivery: Delivery, answer: str) -> None:
    """Record an attempt that failed; what becomes of the message is recorded by whoever called."""
    execute(FAIL, [delivery.pk, storable(answer)[:ANSWER_LENGTH]])


def skip(delivery: Delivery, why: str) -> None:
    """Record that it is not sent; a secret in it has nobody to go to any more."""
    execute(SKIP, [why, *erasing(), delivery.pk, delivery.lease_token])


def call_off(about: str, why: str) -> None:
    """Record that the messages about an object are not sent; nor are their secrets kept."""
    execute(CALL_OFF, [why, *erasing(), about])
