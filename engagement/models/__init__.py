"""The tables of notifications."""

from engagement.models.app import AppNotification
from engagement.models.notifiable import NotifiableEvent, NotificationBatch
from engagement.models.preference import NotificationPreference
from engagement.models.template import (
    AppNotificationTemplate,
    EmailNotificationTemplate,
    NotificationTemplate,
)

__all__ = [
    "AppNotification",
    "AppNotificationTemplate",
    "EmailNotificationTemplate",
    "NotifiableEvent",
    "NotificationBatch",
    "NotificationPreference",
    "NotificationTemplate",
]
