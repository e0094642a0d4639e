"""Mute what a notification is about, see what is muted, and hear of it again."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement import mutes
from engagement.models import AppNotification
from engagement.mutes import LONGEST_MUTE
from engagement.views.answer import back, changes_something, in_their_time
from engagement.views.parse import own_notification
from events.sql import UNSTORABLE


class MuteForm(forms.Form):
    """Until when something is muted. Dates are in the time zone that is active."""

    LENGTHS = {"day": timedelta(days=1), "week": timedelta(days=7)}

    until = forms.ChoiceField(
        choices=[(each, each) for each in ("day", "week", "date", "ever")],
        error_messages={
            key: gettext_lazy("Mute it for a day, for a week, until a date or for ever.")
            for key in ("required", "invalid_choice")
        },
    )
    date = forms.DateField(
        required=False, error_messages={"invalid": gettext_lazy("That is no date; write it like 2030-12-31.")}
    )

    def clean_date(self) -> Any:
        """Refuse a day that has begun, and one so far away that "for ever" is meant."""
        date, today = self.cleaned_data["date"], timezone.localdate()
        if date and not today < date <= today + LONGEST_MUTE:
            raise ValidationError(
                _("Give a date from tomorrow on, and within ten years; or mute it for ever.")
            )
        return date

    def clean(self) -> None:
        """Miss a date that is needed."""
        if self.cleaned_data.get("until") == "date" and "date" in self.cleaned_data and not self.moment():
            self.add_error("date", _("Give the date from which you want to hear of it again."))

    def moment(self) -> datetime | None:
        """Return when it ends; None: never."""
        until, date = self.cleaned_data["until"], self.cleaned_data["date"]
        if until == "date" and date:
            return timezone.make_aware(datetime.combine(date, time.min))
        return timezone.now() + self.LENGTHS[until] if until in self.LENGTHS else None

    def complaints(self) -> Iterator[str]:
        """Yield what is wrong, in sentences."""
        for errors in self.errors.values():
            yield from map(str, errors)


@changes_something("engagement:inbox")
@in_their_time
def mute(request: HttpRequest, pk: int) -> HttpResponse:
    """Mute what a notification is about."""
    notification, form = own_notification(request, pk), MuteForm(request.POST)
    if not notification.about:
        messages.error(request, _("This notification is about nothing that could be muted."))
    elif form.is_valid():
        _mute(request, notification, form)
    else:
        messages.error(request, " ".join(form.complaints()))
    return back(request)


def _mute(request: HttpRequest, notification: AppNotification, form: MuteForm) -> None:
    until = form.moment()
    # Not the text of an event with secrets: the mute, and the message of this page, are kept longer than it.
    title = notification.masked(notification.title)
    mutes.mute(request.user, notification.about, title, until)
    said = {"kind": notification.kind_of_subject, "title": title}
    if until is None:
        done = _("This %(kind)s is muted for ever: “%(title)s”.") % said
    else:
        said["moment"] = date_format(timezone.localtime(until), "DATETIME_FORMAT")
        done = _("This %(kind)s is muted until %(moment)s: “%(title)s”.") % said
    undo = reverse("engagement:muted")
    messages.success(request, format_html('{} <a href="{}">{}</a>', done, undo, _("Undo")))


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest) -> HttpResponse:
    """Show what is muted."""
    return render(request, "engagement/muted.html", {"mutes": mutes.mutes_of(request.user)})


@changes_something("engagement:muted")
def unmute(request: HttpRequest) -> HttpResponse:
    """Let the person hear again of an object, named as events refer to it."""
    about = UNSTORABLE.sub("", request.POST.get("about", ""))
    if mutes.unmute(request.user, about):
        messages.success(request, _("You will hear of it again."))
    else:
        messages.info(request, _("It was not muted."))
    return back(request, "engagement:muted")
