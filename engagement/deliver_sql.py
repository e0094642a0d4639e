"""The statements that record what came of a message, each a transaction of its own."""

from engagement.channels.base import Sent
from engagement.models import Delivery
from engagement.models.delivery import MESSAGE_ID_LENGTH
from engagement.registry import MASK
from events.sql import execute, storable

ANSWER_LENGTH = 1000

#: Success is a fact: it is recorded whoever holds the lease by now, unless the row is done.
#: Parameters: endpoint, provider's id, is secret, mask, the same, id, id, answer.
SUCCEED = """
    WITH sent AS (
        UPDATE engagement_delivery
           SET state = 'succeeded', lease_token = NULL, lease_until = NULL, last_error = '',
               finished_at = statement_timestamp(), sent_at = statement_timestamp(), endpoint = %s, provider_id = %s,
               allowed_at = CASE WHEN allowed_at IS NOT NULL THEN statement_timestamp() END,
               title = CASE WHEN %s THEN %s ELSE title END, message = CASE WHEN %s THEN '' ELSE message END
         WHERE id = %s AND finished_at IS NULL)
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, answer)
    VALUES (%s, statement_timestamp(), TRUE, %s)"""
#: Parameters: id, answer.
FAIL = """
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, answer)
    VALUES (%s, statement_timestamp(), FALSE, %s)"""
#: Parameters: why, is secret, mask, the same, id, token.
SKIP = """
    UPDATE engagement_delivery
       SET state = 'skipped', lease_token = NULL, lease_until = NULL, last_error = %s,
           finished_at = statement_timestamp(),
           title = CASE WHEN %s THEN %s ELSE title END, message = CASE WHEN %s THEN '' ELSE message END
     WHERE id = %s AND lease_token = %s"""


def record_success(delivery: Delivery, sent: Sent, *, is_secret: bool) -> None:
    """Record that the far end took a message; a secret in it is erased."""
    provider_id = storable(sent.provider_id)[:MESSAGE_ID_LENGTH]
    text = [is_secret, MASK, is_secret]
    answer = storable(sent.answer)[:ANSWER_LENGTH]
    execute(SUCCEED, [delivery.endpoint, provider_id, *text, delivery.pk, delivery.pk, answer])


def record_failure(delivery: Delivery, answer: str) -> None:
    """Record an attempt that failed; what becomes of the message is recorded by whoever called."""
    execute(FAIL, [delivery.pk, storable(answer)[:ANSWER_LENGTH]])


def skip(delivery: Delivery, why: str, *, is_secret: bool) -> None:
    """Record that it is not sent."""
    execute(SKIP, [why, is_secret, MASK, is_secret, delivery.pk, delivery.lease_token])
