"""The messages of each channel, under a name of their own."""

from typing import ClassVar, Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.models.delivery import Delivery
from engagement.models.delivery_rows import DeliveryQuerySet

D = TypeVar("D", bound=Delivery)


class _ByChannel(models.Manager[D]):
    """The deliveries of one channel."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self._channel = channel

    def get_queryset(self) -> models.QuerySet[D]:
        return DeliveryQuerySet(self.model, using=self._db).filter(channel=self._channel)


class EmailNotification(Delivery):
    """A mail, and whether it was sent."""

    objects: "ClassVar[models.Manager[Self]]" = _ByChannel("email")  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("email notification")
        verbose_name_plural = _("email notifications")


class PushNotification(Delivery):
    """A message to a device, and whether it was sent."""

    objects: "ClassVar[models.Manager[Self]]" = _ByChannel("push")  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("push notification")
        verbose_name_plural = _("push notifications")


class SmsNotification(Delivery):
    """A text message, and whether it was sent."""

    objects: "ClassVar[models.Manager[Self]]" = _ByChannel("sms")  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("SMS notification")
        verbose_name_plural = _("SMS notifications")


class WebhookNotification(Delivery):
    """A call of somebody's URL, and whether it was taken."""

    objects: "ClassVar[models.Manager[Self]]" = _ByChannel("webhook")  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = _("webhook notification")
        verbose_name_plural = _("webhook notifications")


#: Of which channel there are pages of their own.
BY_CHANNEL: dict[str, type[Delivery]] = {
    "email": EmailNotification,
    "push": PushNotification,
    "sms": SmsNotification,
    "webhook": WebhookNotification,
}
