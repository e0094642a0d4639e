"""The public face of notifications: declare a Notifier in a capability's `notifiers.py`, or name people: `notify`."""

from engagement.decide import Digest, Importance
from engagement.notify import Notified, Result, SwitchedOff, notify, notify_bulk
from engagement.registry import Notifier
from engagement.retract import retract

__all__ = [
    "Digest",
    "Importance",
    "Notified",
    "Notifier",
    "Result",
    "SwitchedOff",
    "notify",
    "notify_bulk",
    "retract",
]
