"""What operators lay down."""

from datetime import timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices
from engagement.conf import LONGEST_DELAY, LONGEST_RETENTION
from engagement.decide import Digest, Importance
from engagement.models.scope import scope_constraint
from engagement.registry import category_choices
from events.bus import event_type_choices


def is_list_of_channels(value: Any) -> None:
    """Raise ValidationError for anything but a list of channels of the installation."""
    known = dict(channel_choices())
    if not isinstance(value, list) or any(each not in known for each in value):
        raise ValidationError(_("Give a list of channels; there are %s.") % ", ".join(known))


class NotificationRule(models.Model):
    """The system's word on one event type or one category; the event type's is the stronger.

    An empty field says nothing.
    """

    event_type = models.CharField(
        _("event type"), max_length=100, blank=True, default="", choices=event_type_choices
    )
    category = models.CharField(
        _("category"), max_length=50, blank=True, default="", choices=category_choices
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switched off, nobody is notified, and the outcomes say so.")
    )
    channels = models.JSONField(
        _("default channels"),
        null=True,
        blank=True,
        validators=[is_list_of_channels],
        help_text=_("Where it goes for those who have not chosen."),
    )
    mandatory = models.JSONField(
        _("mandatory channels"),
        default=list,
        blank=True,
        validators=[is_list_of_channels],
        help_text=_("Nobody can switch these off."),
    )
    retention = models.DurationField(_("retention"), null=True, blank=True)
    importance = models.CharField(_("importance"), max_length=10, blank=True, choices=Importance, default="")
    digest = models.CharField(
        _("mails"),
        max_length=10,
        blank=True,
        choices=Digest,
        default="",
        db_default="",
        help_text=_("Whether mails are collected, for those who have not chosen."),
    )
    email_delay = models.DurationField(
        _("delay of mails"),
        null=True,
        blank=True,
        help_text=_(
            "So long a mail waits to be read in the inbox; it is sent only if it was not. 0: at once."
        ),
    )

    class Meta:
        verbose_name = _("notification rule")
        verbose_name_plural = _("notification rules")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["event_type", "category"],
                name="rule_once",
                violation_error_message=_("There is a rule for this already: change that one."),
            ),
            scope_constraint("rule_one_scope"),
            models.CheckConstraint(
                condition=models.Q(importance__in=["", *Importance.values]), name="rule_importance"
            ),
            models.CheckConstraint(condition=models.Q(digest__in=["", *Digest.values]), name="rule_digest"),
        ]

    def __str__(self) -> str:
        return f"Rule for {self.event_type or self.category}"

    def clean(self) -> None:
        """Refuse a retention that is none."""
        super().clean()
        if self.retention is not None and not timedelta(0) < self.retention <= LONGEST_RETENTION:
            raise ValidationError({"retention": _("Must be longer than nothing, and ten years at the most.")})
        if self.email_delay is not None and not timedelta(0) <= self.email_delay <= LONGEST_DELAY:
            raise ValidationError({"email_delay": _("Must be from nothing to a day.")})
