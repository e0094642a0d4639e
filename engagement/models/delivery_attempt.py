"""Every attempt at a message."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from engagement.models.delivery import Delivery


class DeliveryAttempt(models.Model):
    """One try of a Delivery; it is deleted with it."""

    delivery = models.ForeignKey(
        Delivery,
        verbose_name=_("delivery"),
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="delivery_attempts",
    )
    at = models.DateTimeField(_("at"), db_default=Now())
    succeeded = models.BooleanField(_("succeeded"))
    #: What the far end answered; of a failure, what went wrong.
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")

    def __str__(self) -> str:
        return "Sent" if self.succeeded else "Failed"
