"""What operators lay down for an event type or a category."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices
from engagement.models import NotificationRule

#: An empty list of channels, for which no box could be ticked otherwise.
NOWHERE = "-"


def default_choices() -> list[tuple[str, Any]]:
    """Return the channels, and that it goes to none of them."""
    return [*channel_choices(), (NOWHERE, _("Nowhere"))]


class RuleForm(forms.ModelForm):
    """A box for each channel."""

    channels = forms.MultipleChoiceField(
        label=_("Default channels"),
        choices=default_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Where it goes for those who have not chosen. Without a tick, the rule says nothing of it."
        ),
    )
    mandatory = forms.MultipleChoiceField(
        label=_("Mandatory channels"),
        choices=channel_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nobody can switch these off."),
    )

    class Meta:
        model = NotificationRule
        fields = (
            "event_type",
            "category",
            "is_active",
            "channels",
            "mandatory",
            "digest",
            "email_delay",
            "retention",
            "importance",
        )
        help_texts: ClassVar[dict[str, str | Promise]] = {
            "retention": _(
                "Days and hours: “3 00:00:00” is three days. Empty: the notifier's or the settings'."
            ),
            "digest": _(
                "Whether mails are collected, for those who have not chosen. Empty: as the notifier says."
            ),
            "email_delay": _(
                "So long a mail waits to be read in the inbox, and is sent only if it was not: “00:15:00” is a"
                " quarter of an hour, “0” at once. A day at the most. Empty: as the notifier says."
            ),
            "importance": _("Empty: the notifier's. Quiet hours do not hold what is high."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.channels == []:
            self.initial["channels"] = [NOWHERE]

    def clean_channels(self) -> list[str] | None:
        """Return the channels; None if the rule says nothing of them."""
        chosen: list[str] = self.cleaned_data["channels"]
        if chosen == [NOWHERE]:
            return []
        if NOWHERE in chosen:
            raise ValidationError(_("Choose channels, or nowhere, not both."))
        return chosen or None


@admin.register(NotificationRule)
class NotificationRuleAdmin(admin.ModelAdmin):
    """The rules."""

    form = RuleForm
    list_display = (
        "scope",
        "is_active",
        "default_channels",
        "mandatory_channels",
        "mails",
        "retention",
        "importance",
    )
    list_filter = ("is_active", "importance", "digest")
    ordering = ("event_type", "category")

    @admin.display(description=_("event type or category"), ordering="event_type")
    def scope(self, rule: NotificationRule) -> str:
        """Return what the rule is about."""
        return rule.event_type or gettext("category %s") % rule.category

    @admin.display(description=_("default channels"), empty_value="-")
    def default_channels(self, rule: NotificationRule) -> str | None:
        """Return where it goes; None if the rule says nothing of it."""
        return gettext("nowhere") if rule.channels == [] else _labels(rule.channels)

    @admin.display(description=_("mandatory channels"), empty_value="-")
    def mandatory_channels(self, rule: NotificationRule) -> str | None:
        """Return what nobody can switch off."""
        return _labels(rule.mandatory)

    @admin.display(description=_("mails"), ordering="digest", empty_value="-")
    def mails(self, rule: NotificationRule) -> str | None:
        """Return what mails wait for: "Daily digest, if unread after 0:15:00"; None if the rule says nothing."""
        digest = rule.get_digest_display() if rule.digest else ""
        return ", ".join(each for each in (digest, _delay(rule.email_delay)) if each) or None


def _delay(delay: timedelta | None) -> str:
    if delay is None:
        return ""
    return gettext("if unread after %s") % delay if delay else gettext("read or not")


def _labels(names: list[str] | None) -> str | None:
    known = dict(channel_choices())
    return ", ".join(str(known.get(name, name)) for name in names or []) or None
