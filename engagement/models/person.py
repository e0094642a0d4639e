"""What a person has set for all their notifications, and what they do not want to hear of."""

import zoneinfo
from datetime import datetime, tzinfo
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement.subject import subject


def language_choices() -> list[tuple[str, Any]]:
    """Return the languages of the installation."""
    return list(settings.LANGUAGES)


def is_time_zone(name: str) -> None:
    """Raise ValidationError for anything but the name of a time zone, such as Asia/Kathmandu."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no time zone %s; write it like Europe/Berlin.") % name)


class NotificationSettings(models.Model):
    """Language, time zone and quiet hours of one person. Empty: the installation's, and none."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="notification_settings",
        primary_key=True,
    )
    language = models.CharField(
        _("language"), max_length=20, blank=True, default="", choices=language_choices
    )
    time_zone = models.CharField(
        _("time zone"), max_length=60, blank=True, default="", validators=[is_time_zone]
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    #: From 0 to 23, in the person's time zone; null: the installation's.
    digest_hour = models.PositiveSmallIntegerField(
        _("hour of the daily digest"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )

    class Meta:
        verbose_name = _("notification settings")
        verbose_name_plural = _("notification settings")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="settings_quiet_both",
                violation_error_message=_("Give both times of the quiet hours, or none."),
            ),
            models.CheckConstraint(
                condition=models.Q(digest_hour=None) | models.Q(digest_hour__lte=23),
                name="settings_digest_hour",
            ),
        ]

    def __str__(self) -> str:
        return f"Settings of person {self.person_id}"

    def clean(self) -> None:
        """Refuse quiet hours that would never be on."""
        super().clean()
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValidationError(
                {"quiet_until": _("They would end as they begin. For no quiet hours, leave both empty.")}
            )


def zone(name: str) -> tzinfo:
    """Return the time zone of this name; the installation's for none, or one that has since been dropped."""
    try:
        return zoneinfo.ZoneInfo(name) if name else timezone.get_default_timezone()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()


class MuteQuerySet(models.QuerySet["Mute"]):
    """Which of them."""

    def in_force(self, now: datetime | None = None) -> Self:
        """Those that have not run out."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=now or timezone.now()))


class Mute(models.Model):
    """A person does not want to hear of one object, until a moment or for ever."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="mutes",
        db_index=False,
    )
    #: As events refer to it: `product_management.product:1`.
    about = models.CharField(_("about"), max_length=200)
    #: What the person knows it by: the title of the notification from which it was muted.
    label = models.CharField(_("label"), max_length=400, blank=True, default="")
    until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = MuteQuerySet.as_manager()

    class Meta:
        verbose_name = _("mute")
        verbose_name_plural = _("mutes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "about"], name="mute_once"),
            models.CheckConstraint(condition=~models.Q(about=""), name="mute_about_something"),
        ]

    def __str__(self) -> str:
        return f"{self.about} muted by person {self.person_id}"

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return subject(self.about)
