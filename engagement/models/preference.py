"""What people chose."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.decide import Preset
from events.bus import event_type_choices


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
    category = models.CharField(_("category"), max_length=50, blank=True, default="")
    type = models.CharField(_("channels"), max_length=10, choices=Preset)

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["person", "event_type", "category"],
                name="preference_once",
                violation_error_message=_("There is a choice for this already: change that one."),
            ),
            models.CheckConstraint(
                condition=models.Q(event_type="") ^ models.Q(category=""),
                name="preference_one_scope",
                violation_error_message=_("Choose either an event type or a category, not both."),
            ),
            models.CheckConstraint(condition=models.Q(type__in=Preset.values), name="preference_type"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type or self.category}: {self.get_type_display()}"
