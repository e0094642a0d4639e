"""The body of a webhook: a CloudEvent 1.0 in structured JSON, with the notification as it was rendered.

The event's own payload is not in it: a person who may hear of an event need not be allowed to see all of it.
"""

import json
import unicodedata
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC
from typing import Any

from engagement.conf import conf
from engagement.outgoing import Outgoing

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
#: In bytes; Standard Webhooks recommends less than 20 kB.
LONGEST = 19_999
ELLIPSIS = "…"
ELLIPSIS_LENGTH = len(ELLIPSIS.encode())
ZERO_WIDTH_JOINER = "\u200d"
#: What is shortened, in this order, if it is too much altogether.
SHORTENED = ("message", "title", "reason")


def body_of(message: Outgoing) -> bytes:
    """Return a notification as a CloudEvent of less than 20 kB; what is too long ends with an ellipsis."""
    for name in SHORTENED:
        excess = len(_encoded(message)) - LONGEST
        if excess > 0:
            text: str = getattr(message, name)
            changed: dict[str, Any] = {name: shortened(text, size(text) - excess)}
            message = replace(message, **changed)
    return _encoded(message)


def size(text: str) -> int:
    """Return how many bytes a text is in JSON, without its quotes."""
    return len(_json(text)) - 2


def shortened(text: str, room: int) -> str:
    """Return a text of at most so many bytes of JSON, with an ellipsis if it was cut; nothing if there is no room."""
    if size(text) <= room:
        return text
    if room < ELLIPSIS_LENGTH:
        return ""
    end = bisect_right(range(1, len(text) + 1), room - ELLIPSIS_LENGTH, key=lambda end: size(text[:end]))
    while end and _continues(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _continues(text: str, place: int) -> bool:
    """Tell whether what is at a place belongs to the character before it: an accent, a vowel sign, part of an emoji."""
    following = text[place]
    is_mark = unicodedata.category(following).startswith("M")
    return is_mark or ZERO_WIDTH_JOINER in {following, text[place - 1]}


def _encoded(message: Outgoing) -> bytes:
    return _json(_event(message))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _event(message: Outgoing) -> dict[str, Any]:
    """Return the attributes, those without a value left out (CloudEvents 1.0.2, 3.1)."""
    attributes = {
        "specversion": "1.0",
        "id": message.message_id,
        "source": conf.base_url,
        "type": message.event_type,
        "subject": message.about,
        "time": _moment(message),
        "datacontenttype": "application/json",
    }
    return {name: value for name, value in attributes.items() if value} | {"data": _data(message)}


def _moment(message: Outgoing) -> str:
    """Return when it was planned, as RFC 3339 has it."""
    if message.created_at is None:
        return ""
    return message.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _data(message: Outgoing) -> dict[str, str]:
    return {
        "event_type": message.event_type,
        "category": message.category,
        "importance": message.importance,
        "language": message.language,
        "title": message.title,
        "message": message.message,
        "url": message.url,
        "reason": message.reason,
        "why_url": message.why_url,
    }
