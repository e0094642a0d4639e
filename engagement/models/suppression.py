"""Endpoints that must not be used."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices
from engagement.endpoint import normal


class Cause(models.TextChoices):
    """Why an endpoint must not be used."""

    #: The far end refused it for good, or sent the message back.
    BOUNCE = "bounce", _("bounced")
    #: Its owner called a message spam.
    COMPLAINT = "complaint", _("complaint")
    #: Its owner said STOP to the provider.
    STOP = "stop", _("stop")
    #: An operator's word.
    BY_HAND = "by hand", _("by hand")


class Suppression(models.Model):
    """An address or number that must not be used: it bounced, or its owner complained. Not an opt-out."""

    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    #: In lower case.
    endpoint = models.CharField(_("endpoint"), max_length=320)
    cause = models.CharField(
        _("cause"), max_length=20, choices=Cause, default=Cause.BY_HAND, db_default=Cause.BY_HAND
    )
    #: What the far end said.
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "endpoint"], name="suppression_once"),
            models.CheckConstraint(condition=models.Q(cause__in=Cause.values), name="suppression_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.endpoint}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Save it in lower case."""
        self.endpoint = normal(self.endpoint)
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
