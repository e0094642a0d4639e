"""The public face of notifications: declare a Notifier in a capability's `notifiers.py`."""

from engagement.registry import Notifier

__all__ = ["Notifier"]
