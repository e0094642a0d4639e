"""What the log can hold.

What the columns would refuse is refused here, before any statement: an error of the database would break the
transaction of the caller, who may have meant to go on without this event.
"""

import math
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from events.exceptions import InvalidPayload
from events.models import EventLog
from events.payload import Payload
from events.registry import EventType
from events.sql import UNSTORABLE

NAME_LENGTH = 200
#: Python neither writes nor reads an integer of more than 4,300 digits.
INTEGER_BITS = 14_000


def check_envelope(event_type: EventType, event: EventLog) -> None:
    """Raise InvalidPayload for an actor, a correlation id or a name that would not fit."""
    event.actor_id = _actor_id(event_type, event.actor_id)
    event.correlation_id = _uuid(event_type, event.correlation_id)
    names = {"key": event.key, "about": event.about or None, "ordered_by()": event.order_key}
    wrong = [name for name, value in names.items() if value is not None and not _is_name(value)]
    if wrong:
        raise InvalidPayload(
            event_type, [f"{name}: must be a text of 1 to {NAME_LENGTH} characters" for name in wrong]
        )


def _is_name(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= NAME_LENGTH and not UNSTORABLE.search(text)


def _actor_id(event_type: EventType, given: Any) -> Any:
    """Return it as a primary key of the user model."""
    field: Any = EventLog._meta.get_field("actor").target_field
    while field.is_relation:
        field = field.target_field
    try:
        key = field.to_python(given)
        field.run_validators(key)
    except (ValidationError, ValueError, TypeError, OverflowError):
        what = f"actor: a {type(given).__name__} that is neither a person nor the primary key of one"
        raise InvalidPayload(event_type, [what]) from None
    return key


def _uuid(event_type: EventType, given: Any) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(str(given))
    except ValueError:
        raise InvalidPayload(event_type, ["correlation_id: is no UUID"]) from None


def json_data(event_type: EventType, payload: Payload) -> dict[str, Any]:
    """Return the payload as JSON data; raise InvalidPayload for what PostgreSQL's jsonb, or JSON, cannot hold."""
    try:
        data: dict[str, Any] = payload.model_dump(mode="json")
        found = {name: _flaw(value) for name, value in data.items()}
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidPayload(event_type, [f"payload: cannot be written as JSON: {error}"]) from error
    if flaws := [f"{name}: contains {flaw}" for name, flaw in found.items() if flaw]:
        raise InvalidPayload(event_type, flaws)
    return data


def _flaw(value: Any) -> str | None:
    """Return what cannot be stored of a piece of JSON data, or None."""
    if isinstance(value, str):
        return "a NUL or a lone surrogate" if UNSTORABLE.search(value) else None
    if isinstance(value, dict):
        return next((flaw for item in value.items() for flaw in map(_flaw, item) if flaw), None)
    if isinstance(value, list):
        return next(filter(None, map(_flaw, value)), None)
    return _flaw_of_number(value)


def _flaw_of_number(value: Any) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value}, which is no number in JSON"
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        return "an integer of thousands of digits"
    return None
