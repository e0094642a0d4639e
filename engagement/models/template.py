"""Wordings that staff have written over a file's."""

from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices
from engagement.models.app import MESSAGE_LENGTH, TITLE_LENGTH
from engagement.models.history import WordingHistory
from engagement.registry import event_type_of, permitted_params
from engagement.wording import Wording, WordingError, template_name


def default_language() -> str:
    """Return the installation's language."""
    return settings.LANGUAGE_CODE


class NotificationTemplate(models.Model):
    """Slug x channel x language; used instead of the capability's file while it is active."""

    #: The slug: an event type's name, unless a notifier says otherwise.
    event_type = models.CharField(_("wording of"), max_length=100)
    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices, default="app")
    language = models.CharField(_("language"), max_length=20, default=default_language)
    title_template = models.CharField(_("title"), max_length=TITLE_LENGTH)
    message_template = models.TextField(
        _("message"), max_length=MESSAGE_LENGTH, blank=True, validators=[MaxLengthValidator(MESSAGE_LENGTH)]
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = WordingHistory()

    class Meta:
        verbose_name = _("notification template")
        verbose_name_plural = _("notification templates")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["event_type", "channel", "language"], name="template_once")
        ]

    def __str__(self) -> str:
        return f"{self.event_type} [{self.language}.{self.channel}]"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save what is valid."""
        self.full_clean()
        super().save(*args, **kwargs)

    @property
    def permitted_params(self) -> list[str]:
        """The parameters that the texts may use."""
        return sorted(permitted_params(self.event_type))

    def wording(self) -> Wording:
        """Return the texts."""
        name = template_name(self.event_type, self.channel, self.language)
        return Wording(self.title_template, self.message_template, name)

    def clean(self) -> None:
        """Refuse an unknown slug, a syntax error and an unknown parameter."""
        super().clean()
        if event_type_of(self.event_type) is None:
            # Not blamed on the field: the form of a saved template has none.
            raise ValidationError(_("No notifier or event type is called %s.") % self.event_type)
        try:
            self.wording().check(permitted_params(self.event_type))
        except WordingError as error:
            raise ValidationError(str(error)) from error


T = TypeVar("T", bound=NotificationTemplate)


class _OfChannel(models.Manager[T]):
    """The templates of one channel."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self._channel = channel

    def get_queryset(self) -> models.QuerySet[T]:
        return super().get_queryset().filter(channel=self._channel)


class AppNotificationTemplate(NotificationTemplate):
    """The wording of the inbox."""

    objects: "ClassVar[models.Manager[Self]]" = _OfChannel("app")

    class Meta:
        proxy = True


class EmailNotificationTemplate(NotificationTemplate):
    """The wording of mails: `title` is the subject, `template` the text."""

    objects: "ClassVar[models.Manager[Self]]" = _OfChannel("email")

    class Meta:
        proxy = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not args:
            kwargs.setdefault("channel", "email")
        super().__init__(*args, **kwargs)

    @property
    def title(self) -> str:
        """The subject."""
        return self.title_template

    @title.setter
    def title(self, text: str) -> None:
        self.title_template = text

    @property
    def template(self) -> str:
        """The text."""
        return self.message_template

    @template.setter
    def template(self, text: str) -> None:
        self.message_template = text
