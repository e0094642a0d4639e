"""Mute what a notification is about, and hear of it again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from engagement import mutes
from engagement.forms import MuteForm
from engagement.models import AppNotification
from engagement.views.answer import back, changes_something, in_their_time
from engagement.views.parse import own_notification
from events.sql import UNSTORABLE


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
    muted = reverse("engagement:preferences") + "#mutes"
    messages.success(request, format_html('{} <a href="{}">{}</a>', done, muted, _("Undo")))


@changes_something("engagement:preferences")
def unmute(request: HttpRequest) -> HttpResponse:
    """Let the person hear again of an object, named as events refer to it."""
    about = UNSTORABLE.sub("", request.POST.get("about", ""))
    if mutes.unmute(request.user, about):
        messages.success(request, _("You will hear of it again."))
    else:
        messages.info(request, _("It was not muted."))
    return back(request, "engagement:preferences")
