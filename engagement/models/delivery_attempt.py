"""Every attempt at a message."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from engagement.models.delivery import Delivery

CODE_LENGTH = 60


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
    #: Of a failure, in a word: what the far end's error code was, or "timeout".
    code = models.CharField(_("code"), max_length=CODE_LENGTH, blank=True, default="", db_default="")
    #: What the far end answered; of a failure, what went wrong.
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["at"], name="attempt_at")]

    def __str__(self) -> str:
        return "Sent" if self.succeeded else "Failed"
