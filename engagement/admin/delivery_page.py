"""What the pages of a message show: its fields, its attempts, and where they lead."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from engagement.admin.log import LogAdmin
from engagement.admin.rendered import nothing_yet
from engagement.channels import shown_endpoint
from engagement.decide import Wait
from engagement.models import BY_CHANNEL, Delivery, DeliveryAttempt, NotifiableEvent
from engagement.models.delivery_states import DeliveryState
from events.bus import EventLog
from events.listing import ReadOnly, moment

WAITS: dict[str, str | Promise] = {
    Wait.QUIET_HOURS: _("end of quiet hours"),
    Wait.TO_BE_READ: _("being read in the inbox"),
    Wait.HOURLY: _("hourly digest"),
    Wait.DAILY: _("daily digest"),
}
#: So many messages of a digest are listed.
MOST = 50
#: So much of a title fits into the list.
TITLE_SHOWN = 60
GROUPS: list[tuple[Any, tuple[str, ...]]] = [
    (None, ("standing", "due", "error", "person_link", "shown_endpoint", "feedback", "feedback_at")),
    (
        _("What it says"),
        ("masked_title", "masked_message", "masked_url", "reason", "language", "is_fallback"),
    ),
    (
        _("What it is about"),
        (
            "notifiable_link",
            "event_link",
            "event_type",
            "notifier",
            "category",
            "about",
            "group",
            "importance",
        ),
    ),
    (
        _("When"),
        ("waits_for", "created_at", "sent_at", "finished_at", "not_after", "delete_at"),
    ),
    (_("Digest"), ("is_digest", "gathered_at", "items", "digest_link", "allowed_at", "over_limit")),
    (
        _("How it is sent"),
        ("channel", "message_id", "provider_id", "priority", "failed", "crashed", "lease_until"),
    ),
]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def delivery_url(site: admin.AdminSite, channel: str, pk: int) -> str:
    """Return the address of the page of a message; empty if there is no such page."""
    model = BY_CHANNEL.get(channel)
    if model is None or not site.is_registered(model):
        return ""
    return reverse(f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


class WaitFilter(admin.SimpleListFilter):
    """By what a message waits for, or waited for."""

    title = _("waits for")
    parameter_name = "wait"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer all there is to wait for."""
        return list(WAITS.items())

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Filter by what was chosen."""
        return queryset.filter(wait=self.value()) if self.value() else queryset


class AttemptInline(ReadOnly, admin.TabularInline):
    """Every try of one message, with what the far end answered."""

    model = DeliveryAttempt
    extra = 0
    fields = ("moment", "succeeded", "code", "answer")
    readonly_fields = fields
    ordering = ("id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show it to those who may see the message."""
        return True

    @admin.display(description=_("at"))
    def moment(self, attempt: DeliveryAttempt) -> str:
        """Return when it was, to the second: attempts may follow each other closely."""
        return moment(attempt.at)


class DeliveryPage(LogAdmin):
    """The fields of one message, with what may be secret masked."""

    fieldsets = [(title, {"fields": names}) for title, names in GROUPS]
    readonly_fields: ClassVar[tuple[str, ...]] = tuple(name for _title, names in GROUPS for name in names)
    inlines = (AttemptInline,)

    @admin.display(description=_("title"))
    def masked_title(self, delivery: Delivery) -> str:
        """Return the title, unless it may tell a secret."""
        return str(_("Digest")) if delivery.is_digest else delivery.masked(delivery.title)

    @admin.display(description=_("title"))
    def short_title(self, delivery: Delivery) -> str:
        """Return as much of the title as there is room for in a list."""
        return Truncator(self.masked_title(delivery)).chars(TITLE_SHOWN)

    @admin.display(description=_("state"), ordering="state")
    def standing(self, delivery: Delivery) -> str:
        """Return the state; of what waits for its channel, or was put off without having failed, for what it waits."""
        why_paused = getattr(delivery, "why_paused", None)
        if why_paused is not None and delivery.is_due:
            said = gettext("waits: nothing is sent by %(channel)s at present. %(why)s")
            return said % {"channel": delivery.get_channel_display(), "why": _first_line(why_paused)}
        if delivery.state == DeliveryState.RETRYING and not delivery.attempts and delivery.last_error:
            return gettext("waits: %s") % _first_line(delivery.last_error)
        return str(delivery.get_state_display())

    @admin.display(description=_("endpoint"), ordering="endpoint")
    def shown_endpoint(self, delivery: Delivery) -> str:
        """Return where it goes, or went, as the channel shows it to others: a token is never shown in full."""
        return shown_endpoint(delivery.channel, delivery.endpoint)

    @admin.display(description=_("next attempt"))
    def due(self, delivery: Delivery) -> str:
        """Return when it is due, to the second."""
        return moment(delivery.available_at) if delivery.finished_at is None else "-"

    @admin.display(description=_("due or sent"))
    def due_or_sent(self, delivery: Delivery) -> str:
        """Return when it was sent, or when it is due."""
        if delivery.finished_at is None:
            return gettext("due %s") % moment(delivery.available_at)
        return moment(delivery.sent_at) or "-"

    @admin.display(description=_("last error"))
    def error(self, delivery: Delivery) -> str:
        """Return the first line of the last error; the rest of it, often a traceback, is unfolded by who needs it."""
        first, rest = _first_line(delivery.last_error), delivery.last_error.partition("\n")[2]
        if not rest.strip():
            return first or "-"
        return format_html(
            "{}<details><summary>{}</summary><pre>{}</pre></details>", first, _("all of it"), rest
        )

    @admin.display(description=_("message"))
    def masked_message(self, delivery: Delivery) -> str:
        """Return the message, unless it may tell a secret."""
        return delivery.masked(delivery.message)

    @admin.display(description=_("address"))
    def masked_url(self, delivery: Delivery) -> str:
        """Return the address, unless it may lead to something secret."""
        return delivery.masked(delivery.url)

    @admin.display(description=_("waits for"))
    def waits_for(self, delivery: Delivery) -> str | Promise:
        """Return what it waits for, or waited for."""
        return WAITS.get(delivery.wait, delivery.wait or "-")

    @admin.display(description=_("person"))
    def person_name(self, delivery: Delivery) -> str:
        """Return the name of the person, who may have been deleted: then there is but their number."""
        try:
            return str(delivery.person)
        except ObjectDoesNotExist:
            return f"#{delivery.person_id}"

    @admin.display(description=_("person"))
    def person_link(self, delivery: Delivery) -> str:
        """Return the number of the person."""
        return self.link(get_user_model(), delivery.person_id)

    @admin.display(description=_("notifiable event"))
    def notifiable_link(self, delivery: Delivery) -> str:
        """Return the number of the event x person, where the outcomes on all channels are."""
        return self.link(NotifiableEvent, delivery.notifiable_id)

    @admin.display(description=_("event"))
    def event_link(self, delivery: Delivery) -> str:
        """Return the number of the event in the log."""
        return self.link(EventLog, delivery.event_id)

    @admin.display(description=_("in the digest"))
    def digest_link(self, delivery: Delivery) -> str:
        """Return the number of the digest that it became a part of, or of the one that it is held for."""
        if delivery.state != DeliveryState.HELD:
            return self.link(self.model, delivery.digest_id)
        mine = Delivery.objects.filter(person=delivery.person_id, channel=delivery.channel)
        waits_for = mine.open_digests().first()
        return format_html("{} {}", self.link(self.model, waits_for.pk), _("(open)")) if waits_for else "-"

    @admin.display(description=_("messages in it"))
    def items(self, delivery: Delivery) -> str:
        """Return what is in a digest, or is held for one that is open; of many the first."""
        if not delivery.is_digest:
            return "-"
        gathered = self._listed(Delivery.objects.filter(digest=delivery.pk))
        if gathered or not delivery.is_open:
            return gathered
        held = self._listed(Delivery.objects.held_by(delivery))
        return format_html("{}<br>{}", nothing_yet(delivery), held)

    def _listed(self, rows: models.QuerySet[Any]) -> SafeString:
        found = rows.order_by("pk")[: MOST + 1]
        links = [(self.link(self.model, each.pk), self.masked_title(each)) for each in found]
        more = SafeString("<br>…") if len(links) > MOST else ""
        return format_html("{}{}", format_html_join(SafeString("<br>"), "{} {}", links[:MOST]), more)

    def link(self, model: type[models.Model], pk: Any) -> str:
        """Return a link to the page of a row, if there is such a page; there need not be the row any more."""
        if pk is None or not self.admin_site.is_registered(model):
            return "-" if pk is None else str(pk)
        name = f"{self.admin_site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
        return format_html('<a href="{}">#{}</a>', reverse(name, args=[pk]), pk)
