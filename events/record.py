"""Log an event that is being dealt with on the spot, by whoever logs it."""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.db.models.functions import Now

from events.forget import forget_secrets_of
from events.handle import masked
from events.models import EventLog, HandlerRun
from events.payload import Payload
from events.publish import Draft, prepare
from events.work import LeasedWork, State


def record(
    event: Payload | str,
    data: Mapping[str, Any] | None = None,
    *,
    handled_by: str,
    actor: Any = None,
    about: models.Model | str | None = None,
) -> EventLog:
    """Log one event in the caller's transaction with a single run, by this name, that has succeeded already.

    Nobody who subscribed to the type is run. Raises as `publish` does, before anything is written.
    """
    found = prepare(Draft(event, data, actor, about))
    found.heard = True
    with transaction.atomic(savepoint=False):
        found.save(force_insert=True)
        HandlerRun.objects.create(
            event=found, handler=handled_by, state=State.SUCCEEDED, available_at=Now(), finished_at=Now()
        )
    return found


def dealt_with(event: EventLog) -> None:
    """Erase the event's sensitive fields, unless work on it is still to be done."""
    forget_secrets_of(event)


def without_secrets(text: str, work: LeasedWork) -> str:
    """Return what somebody said of a piece of work with its event's sensitive values masked."""
    return masked(text, work)
