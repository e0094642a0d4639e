"""The tables of notifications."""

from engagement.models.app import AppNotification
from engagement.models.by_channel import (
    BY_CHANNEL,
    EmailNotification,
    PushNotification,
    SmsNotification,
    WebhookNotification,
)
from engagement.models.channel_pause import ChannelPause
from engagement.models.delivery import Delivery
from engagement.models.delivery_attempt import DeliveryAttempt
from engagement.models.delivery_states import TERMINAL, DeliveryState, Feedback
from engagement.models.endpoint import Endpoint
from engagement.models.endpoint_code import EndpointCode
from engagement.models.notifiable import NotifiableEvent, NotificationBatch
from engagement.models.person import Mute, NotificationSettings
from engagement.models.preference import NotificationPreference
from engagement.models.retraction import Retraction
from engagement.models.rule import NotificationRule
from engagement.models.suppression import Cause, Suppression
from engagement.models.tally import Tally
from engagement.models.template import (
    AppNotificationTemplate,
    EmailNotificationTemplate,
    NotificationTemplate,
)

__all__ = [
    "BY_CHANNEL",
    "TERMINAL",
    "AppNotification",
    "AppNotificationTemplate",
    "Cause",
    "ChannelPause",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryState",
    "EmailNotification",
    "EmailNotificationTemplate",
    "Endpoint",
    "EndpointCode",
    "Feedback",
    "Mute",
    "NotifiableEvent",
    "NotificationBatch",
    "NotificationPreference",
    "NotificationRule",
    "NotificationSettings",
    "NotificationTemplate",
    "PushNotification",
    "Retraction",
    "SmsNotification",
    "Suppression",
    "Tally",
    "WebhookNotification",
]
