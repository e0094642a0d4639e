"""How the channels are doing, for operators; and pausing one, and resuming it."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from engagement import pauses
from engagement.admin.delivery_page import delivery_url
from engagement.channel_report import ChannelReport, reports
from engagement.channels import Outbound, outbound
from engagement.models import ChannelPause
from engagement.models.channel_pause import REASON_LENGTH
from events.listing import ReadOnly


class PauseForm(forms.Form):
    """Why, and for how long."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON_LENGTH)
    minutes = forms.IntegerField(
        label=_("Minutes"),
        min_value=1,
        max_value=pauses.MOST_MINUTES,
        required=False,
        help_text=_("Empty: until it is resumed."),
    )


@admin.register(ChannelPause)
class ChannelAdmin(ReadOnly, admin.ModelAdmin):
    """A page for all channels instead of a list of those that are paused."""

    def has_pause_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may pause and resume: those who may change a pause, though this is all they can do."""
        codename = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    def get_urls(self) -> list[URLPattern]:
        """Have the page, and the two buttons, and no page of a single pause."""
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("<str:channel>/pause/", view(self.pause_view), name=f"{name}_pause"),
            path("<str:channel>/resume/", view(self.resume_view), name=f"{name}_resume"),
        ]

    @method_decorator(require_safe)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how each channel is doing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Channels"),
            "opts": self.opts,
            "reports": [(each, self._last_failure(each)) for each in reports()],
            "form": PauseForm(auto_id=False) if self.has_pause_permission(request) else None,
        }
        return TemplateResponse(request, "engagement/admin/channels.html", context | (extra_context or {}))

    def _last_failure(self, report: ChannelReport) -> str:
        """Return the address of the message that failed last; empty if there is none, or no page of it."""
        attempt = report.lately.last_failure
        return delivery_url(self.admin_site, report.channel.name, attempt.delivery_id) if attempt else ""

    @method_decorator(require_POST)
    def pause_view(self, request: HttpRequest, channel: str) -> HttpResponse:
        """Pause a channel, and go back to the page."""
        found, form = self._channel(request, channel), PauseForm(request.POST)
        if not form.is_valid():
            for name, errors in form.errors.items():
                messages.error(request, f"{form.fields[name].label}: {' '.join(map(str, errors))}")
            return self._back()
        minutes = form.cleaned_data["minutes"]
        seconds = None if minutes is None else minutes * 60.0
        pauses.pause(found.name, form.cleaned_data["reason"], seconds=seconds, by_hand=True)
        self._log(request, found, f"Paused {_how_long(minutes)}: {form.cleaned_data['reason']}")
        said = gettext("Nothing is sent by %s from now on. What is owed waits, and is not lost.")
        messages.success(request, said % found.label)
        return self._back()

    @method_decorator(require_POST)
    def resume_view(self, request: HttpRequest, channel: str) -> HttpResponse:
        """Send on a channel again, and go back to the page."""
        found = self._channel(request, channel)
        self._log(request, found, "Resumed.")
        if pauses.resume(found.name):
            messages.success(request, gettext("Messages are sent by %s again.") % found.label)
        else:
            messages.info(request, gettext("%s was not paused.") % found.label)
        return self._back()

    def _channel(self, request: HttpRequest, name: str) -> Outbound:
        if not self.has_pause_permission(request):
            raise PermissionDenied
        for each in outbound():
            if each.name == name:
                return each
        raise Http404

    def _log(self, request: HttpRequest, channel: Outbound, what: str) -> None:
        """Write it into the admin's history; of a channel that is not paused nothing is to be said."""
        row = ChannelPause.objects.filter(channel=channel.name)
        LogEntry.objects.log_actions(cast("int", request.user.pk), row, CHANGE, what)

    def _back(self) -> HttpResponseRedirect:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return HttpResponseRedirect(reverse(name))


def _how_long(minutes: int | None) -> str:
    return "until it is resumed" if minutes is None else f"for {minutes} minutes"
