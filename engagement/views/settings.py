"""The page of what holds for all of a person's notifications: their language, and their times."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement import preferences
from engagement.settings_form import SettingsForm
from engagement.views.answer import in_their_time


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@in_their_time
def settings(request: HttpRequest) -> HttpResponse:
    """Show them, and save what is sent."""
    stored = preferences.settings_of(request.user)
    form = SettingsForm(stored, request.POST.dict() if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        preferences.set_settings(request.user, **form.changes())
        messages.success(request, _("Your settings are saved."))
        return redirect("engagement:settings")
    status = 422 if form.is_bound else 200
    return render(request, "engagement/settings.html", {"settings": form}, status=status)
