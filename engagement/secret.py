"""Secrets in messages (a one-time code): erased where nobody is to read them any more."""

from typing import Any

from engagement.registry import MASK
from events.bus import EventTypes

#: To be set on messages that are over, besides whatever else is; its parameters are `erasing()`.
ERASE = """
       title = CASE WHEN event_type = ANY(%s) THEN %s ELSE title END,
       message = CASE WHEN event_type = ANY(%s) THEN '' ELSE message END"""


def erasing() -> list[Any]:
    """Return the parameters of ERASE: the event types that have secrets, and what stands for them."""
    types = [str(each) for each in EventTypes if each.sensitive]
    return [types, MASK, types]
