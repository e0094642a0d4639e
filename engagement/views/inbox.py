"""The pages of the inbox. What changes something is a POST; somebody else's notification does not exist."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement import inbox, mutes
from engagement.models import AppNotification
from engagement.views.answer import back, changes_something, go, in_their_time
from engagement.views.parse import id_of, own_notification


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest) -> HttpResponse:
    """List the person's notifications, newest first."""
    only_unread = request.GET.get("show") == "unread"
    page = inbox.page(request.user, before=id_of(request.GET.get("before")), unread=only_unread)
    muted = mutes.muted_among(request.user, (row.about for row in page.notifications))
    shown = {"page": page, "only_unread": only_unread, "muted": muted}
    return render(request, "engagement/inbox.html", shown)


@changes_something("engagement:inbox")
def open_(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as read and go to where the notification leads."""
    notification = own_notification(request, pk)
    notification.mark_as_read()
    return go(notification.url, request)


@changes_something("engagement:inbox")
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read."""
    own_notification(request, pk).mark_as_read()
    return back(request)


@changes_something("engagement:inbox")
def unread(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as unread."""
    AppNotification.objects.filter(pk=own_notification(request, pk).pk).mark_unread()
    return back(request)


@changes_something("engagement:inbox")
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read that was there when the page was shown."""
    count = inbox.mark_all_read(request.user, up_to=id_of(request.POST.get("up_to")))
    if count:
        done = ngettext(
            "%(count)d notification marked as read.", "%(count)d notifications marked as read.", count
        )
        messages.success(request, done % {"count": count})
    else:
        messages.info(request, _("There was nothing unread."))
    return redirect("engagement:inbox")
