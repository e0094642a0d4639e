"""The tables of notifications."""

from engagement.models.app import AppNotification
from engagement.models.delivery import Delivery, DeliveryAttempt, EmailNotification
from engagement.models.notifiable import NotifiableEvent, NotificationBatch
from engagement.models.person import Mute, NotificationSettings
from engagement.models.preference import NotificationPreference
from engagement.models.retraction import Retraction
from engagement.models.rule import NotificationRule
from engagement.models.suppression import Cause, Suppression
from engagement.models.template import (
    AppNotificationTemplate,
    EmailNotificationTemplate,
    NotificationTemplate,
)

__all__ = [
    "AppNotification",
    "AppNotificationTemplate",
    "Cause",
    "Delivery",
    "DeliveryAttempt",
    "EmailNotification",
    "EmailNotificationTemplate",
    "Mute",
    "NotifiableEvent",
    "NotificationBatch",
    "NotificationPreference",
    "NotificationRule",
    "NotificationSettings",
    "NotificationTemplate",
    "Retraction",
    "Suppression",
]
