"""Every page: those of the capabilities, the inbox, sign-in, the admin; of the demo the mailbox and "Try it"."""

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from project import discovery


def favicon(request: HttpRequest) -> HttpResponse:
    """Answer browsers, and others that do not read the page, which look for the icon here."""
    return redirect(static("engagement/bell.svg"))


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="engagement:inbox"), name="home"),
    path(
        "login/",
        LoginView.as_view(
            extra_context={"demo": settings.DEMO, "tryit": bool(settings.TRYIT)},
            redirect_authenticated_user=True,
        ),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("favicon.ico", favicon),
    path("inbox/", include("engagement.urls")),
    path("admin/", admin.site.urls),
    *discovery.urls(),
]
if settings.TRYIT:
    urlpatterns.append(path("tryit/", include("project.tryit.urls")))
if settings.MAILBOX:
    urlpatterns.append(path("mailbox/", include("project.mailbox.urls")))
if apps.is_installed("anymail") and settings.ANYMAIL.get("WEBHOOK_SECRET"):
    # What the provider reports of mails. Without the secret anybody could report that an address bounced.
    urlpatterns.append(path("anymail/", include("anymail.urls")))
