"""Channels on which nothing is sent for the time being."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices

REASON_LENGTH = 1000

#: Whether a channel, an SQL expression, is not paused.
IS_OPEN = """NOT EXISTS (SELECT 1 FROM engagement_channelpause pause
                      WHERE pause.channel = {} AND (pause.until IS NULL OR pause.until > statement_timestamp()))"""


class ChannelPause(models.Model):
    """Nothing is sent on a channel: an operator said so, or its provider. What is owed waits, and is not lost."""

    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    since = models.DateTimeField(_("since"), db_default=Now())
    #: Empty: until an operator resumes it.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True, default="", db_default="")
    #: Whether an operator paused it; what a provider says does not shorten that.
    is_by_hand = models.BooleanField(_("by hand"), default=False, db_default=False)

    class Meta:
        verbose_name = _("paused channel")
        # Of the admin's page, on which are those that are not paused as well.
        verbose_name_plural = _("channels")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel"], name="channel_pause_once"),
        ]

    def __str__(self) -> str:
        return self.channel

    @classmethod
    def in_force(cls) -> "models.QuerySet[ChannelPause]":
        """Return those that are not over."""
        return cls.objects.exclude(until__lte=Now())
