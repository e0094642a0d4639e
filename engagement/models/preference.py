"""What people chose."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.channels import channels
from engagement.decide import PRESET_CHANNELS, Digest, Preset
from engagement.models.scope import scope_constraint
from engagement.registry import category_choices
from events.bus import event_type_choices


def further_channels() -> list[str]:
    """Return the names of the channels of which no preset speaks."""
    return [name for name in channels() if name not in PRESET_CHANNELS[Preset.BOTH]]


def is_choice_of_channels(value: Any) -> None:
    """Raise ValidationError for anything but true or false by name of a further channel."""
    known = further_channels()
    if not isinstance(value, dict) or any(
        name not in known or not isinstance(wanted, bool) for name, wanted in value.items()
    ):
        raise ValidationError(_("Give true or false for each of: %s.") % ", ".join(known))


class NotificationPreference(models.Model):
    """A person's choice for one event type or one category; the event type's is the stronger."""

    Type = Preset

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="notification_preferences",
        db_index=False,
    )
    event_type = models.CharField(
        _("event type"), max_length=100, blank=True, default="", choices=event_type_choices
    )
    category = models.CharField(
        _("category"), max_length=50, blank=True, default="", choices=category_choices
    )
    #: Of the inbox and email; empty says nothing of them.
    type = models.CharField(_("channels"), max_length=10, choices=Preset, blank=True, default="")
    #: Of further channels, one by one: {"push": false}. What is not named is as it would be without this row.
    channels = models.JSONField(
        _("further channels"), default=dict, blank=True, validators=[is_choice_of_channels]
    )
    #: Whether mails are collected; for a category only. Empty says nothing.
    digest = models.CharField(
        _("mails"), max_length=10, choices=Digest, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["person", "event_type", "category"],
                name="preference_once",
                violation_error_message=_("There is a choice for this already: change that one."),
            ),
            scope_constraint("preference_one_scope"),
            models.CheckConstraint(condition=models.Q(type__in=["", *Preset.values]), name="preference_type"),
            models.CheckConstraint(
                condition=models.Q(digest="") | models.Q(digest__in=Digest.values, event_type=""),
                name="preference_digest",
                violation_error_message=_("Digests are chosen for a category as a whole."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type or self.category}: {self.get_type_display()}"
