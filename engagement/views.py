"""The pages of the inbox. What changes something is a POST; somebody else's notification does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from engagement import inbox
from engagement.conf import conf
from engagement.models import AppNotification

#: The largest id that PostgreSQL's bigint holds.
LARGEST_ID = 2**63 - 1
View = Callable[..., HttpResponse]


def _changes_something(view: View) -> View:
    """Let only a POST of somebody who is logged in through; a GET changes nothing and leads to the inbox.

    After the login the browser can only GET, so it is sent to the inbox and not back to this address.
    """

    @wraps(view)
    @require_http_methods(["GET", "HEAD", "POST"])
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(reverse("engagement:inbox"))
        if request.method != "POST":
            return redirect("engagement:inbox")
        return view(request, *args, **kwargs)

    return answer


@login_required
@require_safe
@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """List the person's notifications, newest first."""
    only_unread = request.GET.get("show") == "unread"
    page = inbox.page(request.user, before=_id(request.GET.get("before")), unread=only_unread)
    return render(request, "engagement/inbox.html", {"page": page, "only_unread": only_unread})


@_changes_something
def open_(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as read and go to where the notification leads."""
    notification = _mine(request, pk)
    notification.mark_as_read()
    return _go(notification.url, request)


@_changes_something
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read."""
    _mine(request, pk).mark_as_read()
    return _back(request)


@_changes_something
def unread(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as unread."""
    AppNotification.objects.filter(pk=_mine(request, pk).pk).mark_unread()
    return _back(request)


@_changes_something
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read that was there when the page was shown."""
    count = inbox.mark_all_read(request.user, up_to=_id(request.POST.get("up_to")))
    if count:
        done = ngettext(
            "%(count)d notification marked as read.", "%(count)d notifications marked as read.", count
        )
        messages.success(request, done % {"count": count})
    else:
        messages.info(request, _("There was nothing unread."))
    return redirect("engagement:inbox")


def _mine(request: HttpRequest, pk: int) -> AppNotification:
    found = inbox.find(request.user, pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("You have no such notification.")
    return found


def _id(text: Any) -> int | None:
    """Return an id out of a request; None for anything that is none."""
    digits = str(text or "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_ID))):
        return None
    return min(int(digits), LARGEST_ID)


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the list that was shown."""
    return _go(request.POST.get("next", ""), request)


def _go(url: str, request: HttpRequest) -> HttpResponse:
    """Go to the address if it is on this host or an allowed one, and so is no open redirect; else to the inbox."""
    hosts = {request.get_host(), *conf.allowed_hosts}
    allowed = url_has_allowed_host_and_scheme(url, allowed_hosts=hosts, require_https=request.is_secure())
    return HttpResponseRedirect(url if allowed else reverse("engagement:inbox"))
