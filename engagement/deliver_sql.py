"""The statements that record what came of a message, each a transaction of its own."""

from django.db import transaction

from engagement.channels.base import Sent
from engagement.models import Delivery
from engagement.models.delivery import MESSAGE_ID_LENGTH
from engagement.models.delivery_attempt import CODE_LENGTH
from engagement.models.delivery_content import erase_sql
from engagement.registry import is_sensitive
from events.bus import EventLog
from events.record import dealt_with, without_secrets
from events.sql import execute, storable

ANSWER_LENGTH = 1000

#: Success is a fact: it is recorded whoever holds the lease by now, unless the row is done.
#: Of an attempt at a message that is gone (its person was deleted meanwhile) nothing is kept: answers repeat addresses.
#: The lock waits for a deletion that is not committed yet.
#: Parameters: id, endpoint, provider's id, segments, is secret three times, answer.
SUCCEED = f"""
    WITH mine AS MATERIALIZED (SELECT id FROM engagement_delivery WHERE id = %s FOR NO KEY UPDATE),
         sent AS (
        UPDATE engagement_delivery delivery
           SET state = 'succeeded', lease_token = NULL, lease_until = NULL, last_error = '',
               finished_at = statement_timestamp(), sent_at = statement_timestamp(),
               endpoint = %s, provider_id = %s, segments = %s,
               allowed_at = CASE WHEN allowed_at IS NOT NULL THEN statement_timestamp() END,
               {erase_sql("%s")}
          FROM mine WHERE delivery.id = mine.id AND delivery.finished_at IS NULL)
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, answer)
    SELECT id, statement_timestamp(), TRUE, %s FROM mine"""
#: Parameters: code, answer, id.
FAIL = """
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, code, answer)
    SELECT id, statement_timestamp(), FALSE, %s, %s FROM engagement_delivery WHERE id = %s FOR KEY SHARE"""
#: Parameters: why, is secret three times, id, token.
SKIP = f"""
    UPDATE engagement_delivery
       SET state = 'skipped', lease_token = NULL, lease_until = NULL, last_error = %s,
           finished_at = statement_timestamp(), {erase_sql("%s")}
     WHERE id = %s AND lease_token = %s"""


def record_success(delivery: Delivery, sent: Sent, *, is_secret: bool) -> None:
    """Record that the far end took a message; a secret in it is erased."""
    provider_id = storable(sent.provider_id)[:MESSAGE_ID_LENGTH]
    answer = storable(sent.answer)[:ANSWER_LENGTH]
    execute(SUCCEED, [delivery.pk, delivery.endpoint, provider_id, sent.segments, *[is_secret] * 3, answer])


def record_failure(delivery: Delivery, answer: str, code: str = "") -> None:
    """Record an attempt that failed; what becomes of the message is recorded by whoever called.

    A server may repeat in its answer what it did not like.
    """
    if is_sensitive(delivery.event_type):
        answer = without_secrets(answer, delivery)
    execute(FAIL, [storable(code)[:CODE_LENGTH], storable(answer)[:ANSWER_LENGTH], delivery.pk])


def record_error(delivery: Delivery, error: Exception) -> None:
    """Record an attempt that went wrong on our side; by its kind only, if what it says may tell a secret."""
    kind = type(error).__name__
    record_failure(delivery, kind if is_sensitive(delivery.event_type) else f"{kind}: {error}", kind)


def skip(delivery: Delivery, why: str, *, is_secret: bool) -> None:
    """Record that it is not sent; a secret in it is erased, and in the event too, if nobody else needs it."""
    execute(SKIP, [why, *[is_secret] * 3, delivery.pk, delivery.lease_token])
    if is_secret:
        forget(delivery)


def forget(delivery: Delivery) -> None:
    """Erase the event's secrets; the log may not have it any more, and what was made by hand has none."""
    event = EventLog.objects.filter(pk=delivery.event_id or 0).first()
    if event is not None:
        with transaction.atomic():
            dealt_with(event)
