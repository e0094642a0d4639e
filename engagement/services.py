"""NotificationService: what other code may ask of a person's notifications."""

from typing import Any

from engagement.models import AppNotification
from engagement.models.app import AppNotificationQuerySet


class NotificationService:
    """Each method takes the person and touches only what is theirs."""

    @staticmethod
    def get_unread_notifications(person: Any) -> AppNotificationQuerySet:
        """Return the unread notifications, newest first."""
        return AppNotification.objects.newest_of(person).unread()

    @staticmethod
    def mark_notification_as_read(notification_id: int, person: Any) -> bool:
        """Mark one as read; return False if there is none with this id, or it is somebody else's."""
        mine = AppNotification.objects.of(person).filter(pk=notification_id)
        return bool(mine.mark_read()) or mine.exists()
