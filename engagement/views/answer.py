"""How the pages answer: who is let in, in whose time a page is shown, where one goes after a change."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from engagement import preferences
from engagement.conf import conf
from engagement.models.person import zone

View = Callable[..., HttpResponse]


def changes_something(page: str) -> Callable[[View], View]:
    """Let only a POST of somebody who is logged in through; a GET changes nothing and leads to the page.

    After the login the browser can only GET, so it is sent to the page and not back to the address of the POST.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @require_http_methods(["GET", "HEAD", "POST"])
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(reverse(page))
            if request.method != "POST":
                return redirect(page)
            return view(request, *args, **kwargs)

        return answer

    return decorate


def in_their_time(view: View) -> View:
    """Let a view read and show moments in the time zone that the person has set."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(zone(preferences.settings_of(request.user).time_zone)):
            return view(request, *args, **kwargs)

    return answer


def back(request: HttpRequest, page: str = "engagement:inbox") -> HttpResponse:
    """Return to the page that was shown."""
    return go(request.POST.get("next", ""), request, page)


def go(url: str, request: HttpRequest, page: str = "engagement:inbox") -> HttpResponse:
    """Go to the address if it is on this host or an allowed one, and so is no open redirect; else to the page."""
    hosts = {request.get_host(), *conf.allowed_hosts}
    allowed = url_has_allowed_host_and_scheme(url, allowed_hosts=hosts, require_https=request.is_secure())
    return HttpResponseRedirect(url if allowed else reverse(page))
