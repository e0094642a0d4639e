"""What people send from the page of their language and times."""

import json
from collections.abc import Mapping
from datetime import time
from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagement.conf import conf
from engagement.forms import read_shown
from engagement.models import NotificationSettings


def time_zones(stored: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the time zones by region, for a select; with the stored one, which may be none of the usual."""
    usual = _usual_time_zones()
    known = {name for _region, found in usual for name, _city in found}
    return usual if not stored or stored in known else [*usual, (_("Other"), [(stored, stored)])]


@cache
def _usual_time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Reading them is reading a folder."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    by_region = groupby(names, lambda name: name.partition("/")[0])
    regions = [(region, [(name, _city(name)) for name in found]) for region, found in by_region]
    return [("UTC", [("UTC", "UTC")]), *regions]


def _city(zone: str) -> str:
    return zone.partition("/")[2].replace("_", " ").replace("/", ", ")


def hours() -> list[tuple[int, str]]:
    """Return the full hours of a day, for a select."""
    return [(hour, f"{hour:02}:00") for hour in range(24)]


def _shown(value: Any) -> str:
    """Return a setting as a browser sends it back if nobody has touched it."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return "" if value is None else str(value)


class SettingsForm(forms.ModelForm):
    """Language, time zone, quiet hours, hour of the daily digest.

    What is not sent, or as it was shown, stays as it is.
    """

    digest_hour = forms.TypedChoiceField(
        label=gettext_lazy("Hour of the daily digest"),
        choices=hours,
        coerce=int,
        empty_value=None,
        required=False,
    )

    class Meta:
        model = NotificationSettings
        fields = ("language", "time_zone", "quiet_from", "quiet_until", "digest_hour")
        labels = {"language": gettext_lazy("Language of notifications")}
        widgets = {
            "time_zone": forms.Select(),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, instance: NotificationSettings, data: Mapping[str, str] | None = None) -> None:
        self._stored = {name: getattr(instance, name) for name in self._meta.fields or ()}
        sent, before = data or {}, read_shown((data or {}).get("shown", ""))
        touched = {name: value for name, value in sent.items() if before.get(name) != value}
        as_stored = {name: "" if value is None else str(value) for name, value in self._stored.items()}
        super().__init__(None if data is None else as_stored | touched, instance=instance, label_suffix="")
        #: In the page, as of a SectionForm.
        self.shown = json.dumps(
            {name: before.get(name, _shown(value)) for name, value in self._stored.items()}
        )
        self._offer("language", settings.LANGUAGES, dict(settings.LANGUAGES).get(settings.LANGUAGE_CODE, ""))
        self._offer("time_zone", time_zones(instance.time_zone), settings.TIME_ZONE)
        self._offer("digest_hour", hours(), f"{conf.digest_hour:02}:00")

    def changes(self) -> dict[str, Any]:
        """Return what is to be another than before."""
        return {name: value for name, value in self.cleaned_data.items() if value != self._stored[name]}

    def _offer(self, name: str, found: Any, usual: str) -> None:
        widget = self.fields[name].widget
        assert isinstance(widget, forms.Select)  # noqa: S101 - for the type checker
        widget.choices = [("", _("As usual here (%s)") % usual), *found]
