"""Endpoints that must not be used."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices


class Suppression(models.Model):
    """An address or number that must not be used: it bounced, or its owner complained. Not an opt-out."""

    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    #: In lower case.
    endpoint = models.CharField(_("endpoint"), max_length=320)
    reason = models.CharField(_("reason"), max_length=200)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "endpoint"], name="suppression_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.endpoint}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Save it in lower case."""
        self.endpoint = self.endpoint.strip().lower()
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
