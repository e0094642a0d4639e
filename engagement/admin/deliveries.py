"""What left the house, or did not: operators can read it, and send again what was not sent."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from engagement.admin.delivery_page import DeliveryPage, WaitFilter
from engagement.admin.people_at import people_at
from engagement.admin.rendered import has_secrets, rendered
from engagement.models import (
    ChannelPause,
    Delivery,
    EmailNotification,
    PushNotification,
    SmsNotification,
    WebhookNotification,
)
from engagement.models.delivery_content import erased
from events.listing import exact
from events.queue import wake_on_commit


class DeliveryAdmin(DeliveryPage):
    """The messages of one channel; register a subclass for its proxy of Delivery."""

    change_form_template = "engagement/admin/delivery.html"
    list_display: tuple[str, ...] = (
        "id",
        "standing",
        "short_title",
        "person_name",
        "shown_endpoint",
        "due_or_sent",
        "attempts",
        "waits_for",
        "feedback",
    )
    list_display_links = ("id", "short_title")
    list_filter = ("state", "feedback", WaitFilter, "is_digest")
    search_fields = ("message_id", "provider_id", "person__id", "event__id")  # shown as a box; read below
    search_help_text = _(
        "The number of a person or an event, an id of the message, or the exact address of a person"
    )
    actions = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Bring the people along: in a query of their own, since a join would leave out the mails of deleted ones.

        And why nothing is sent by the channel, if it is paused.
        """
        pause = ChannelPause.in_force().filter(channel=models.OuterRef("channel")).values("reason")
        found: models.QuerySet[Any] = (
            super().get_queryset(request).annotate(why_paused=models.Subquery(pause))
        )
        return found.prefetch_related("person")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Look the term up in each field that it may be in; each has an index. Addresses are looked up at people."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = exact(term, message_id=str, provider_id=str, person_id=int, event_id=int)
        return queryset.filter(found | models.Q(person_id__in=people_at(term))), False

    # Sending again

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may have messages sent: those who may change them, though this is all they can do."""
        codename = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    @admin.action(permissions=["resend"], description=_("Send again"))
    def send_again(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Requeue what was not sent, and hasten what is tried again later; say how many that were, and how many not."""
        chosen = Delivery.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        total, gone = chosen.count(), chosen.filter(erased()).count()
        again = list(chosen.resendable())
        sooner, count = chosen.hasten(), chosen.resendable().requeue()
        wake_on_commit(Delivery.lane)
        LogEntry.objects.log_actions(cast("int", request.user.pk), again, CHANGE, "Sent again.")
        _tell_of_those_due(request, count, sooner)
        _tell_of_the_others(request, gone, total - count - sooner - gone)

    # Further pages

    def get_urls(self) -> list[URLPattern]:
        """Add the preview, and the button to send again."""
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("<int:pk>/preview/", view(self.preview_view), name=f"{name}_preview"),
            path("<int:pk>/send-again/", view(self.send_again_view), name=f"{name}_send_again"),
            *super().get_urls(),
        ]

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """Show the preview as well, and the button where it can be sent again."""
        this = Delivery.objects.filter(pk=obj.pk)
        may_resend = self.has_resend_permission(request) and this.resendable().exists()
        context["is_erased"] = this.filter(erased()).exists()
        context["preview_url"] = "" if has_secrets(obj) else self._address("preview", obj)
        context["send_again_url"] = self._address("send_again", obj) if may_resend else ""
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _address(self, page: str, row: Delivery) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[row.pk])

    @method_decorator([require_safe, xframe_options_sameorigin])
    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the message as it would be sent now."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return rendered(row, as_text="text" in request.GET)

    @method_decorator(require_POST)
    def send_again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send one message again, and go back to its page."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_resend_permission(request):
            raise PermissionDenied
        self.send_again(request, self.get_queryset(request).filter(pk=row.pk))
        return HttpResponseRedirect(self._address("change", row))


@admin.register(EmailNotification)
class EmailNotificationAdmin(DeliveryAdmin):
    """Mails."""


@admin.register(PushNotification)
class PushNotificationAdmin(DeliveryAdmin):
    """Messages to devices."""


@admin.register(SmsNotification)
class SmsNotificationAdmin(DeliveryAdmin):
    """Text messages, which are paid for by the segment."""

    list_display = (*DeliveryAdmin.list_display, "segments")
    readonly_fields = (*DeliveryAdmin.readonly_fields, "segments")
    fieldsets = [*DeliveryAdmin.fieldsets, (_("What it costs"), {"fields": ("segments",)})]


@admin.register(WebhookNotification)
class WebhookNotificationAdmin(DeliveryAdmin):
    """Calls of people's own addresses."""


def _tell_of_those_due(request: HttpRequest, count: int, sooner: int) -> None:
    """Say how many are due again, and how many sooner than they would have been."""
    if count:
        text = ngettext(
            "%d message was made due again; whether it is sent is decided anew.",
            "%d messages were made due again; whether they are sent is decided anew.",
            count,
        )
        messages.success(request, text % count)
    if sooner:
        text = ngettext(
            "%d message that is being retried was made due now; its attempts so far still count.",
            "%d messages that are being retried were made due now; their attempts so far still count.",
            sooner,
        )
        messages.success(request, text % sooner)


def _tell_of_the_others(request: HttpRequest, gone: int, left_out: int) -> None:
    """Say how many were left out: those that were erased, and the others."""
    if gone:
        text = ngettext(
            "%d was left out: there was a secret in it, which has been erased. Publish the event anew.",
            "%d were left out: there were secrets in them, which have been erased. Publish the events anew.",
            gone,
        )
        messages.warning(request, text % gone)
    if left_out:
        text = ngettext(
            "%d was left out: it has been sent or taken back, or is to be sent in any case.",
            "%d were left out: they have been sent or taken back, or are to be sent in any case.",
            left_out,
        )
        messages.warning(request, text % left_out)
