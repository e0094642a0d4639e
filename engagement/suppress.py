"""Endpoints that must not be used from now on, and those that may be used again."""

import logging
from typing import Any

from django.db import models
from django.utils import timezone

from engagement.endpoint import masked_address, normal
from engagement.models import Cause, Suppression
from events.sql import execute, storable

logger = logging.getLogger(__name__)

INSERT = """
    INSERT INTO engagement_suppression (channel, endpoint, cause, reason, created_at)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (channel, endpoint) DO NOTHING"""


def suppress(channel: str, endpoint: str, cause: Cause, reason: str = "") -> bool:
    """Have nothing more sent to an endpoint; return False if it was so already, and the first cause stays.

    The reason is what the far end said, of any length; it is not logged, since it often repeats the address.
    """
    stored = _stored(endpoint)
    if not stored:
        return False
    values = [channel, stored, cause.value, _cut(reason, "reason"), timezone.now()]
    is_new = bool(execute(INSERT, values))
    if is_new:
        logger.info("Nothing is sent to %s by %s any more: %s.", masked_address(stored), channel, cause.value)
    return is_new


def lift(channel: str, endpoint: str) -> bool:
    """Let an endpoint be used again; return False if nothing was in the way."""
    gone, _by_model = _rows(channel, endpoint).delete()
    return bool(gone)


def is_suppressed(channel: str, endpoint: str) -> bool:
    """Tell whether an endpoint must not be used."""
    return _rows(channel, endpoint).exists()


def _rows(channel: str, endpoint: str) -> "models.QuerySet[Suppression]":
    return Suppression.objects.filter(channel=channel, endpoint=_stored(endpoint))


def _stored(endpoint: str) -> str:
    """Return it as the table has it; one that does not fit is nobody's."""
    return _cut(normal(endpoint), "endpoint")


def _cut(text: str, column: str) -> str:
    field: Any = Suppression._meta.get_field(column)
    return storable(text)[: field.max_length]
