"""What happened: who was concerned, and what became of it. It can be read, and changed by nobody."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from engagement.models import AppNotification, NotifiableEvent, NotificationBatch, Retraction
from engagement.registry import MASK
from events.bus import EventTypes
from events.listing import CappedPaginator, ReadOnly


class LogAdmin(ReadOnly, admin.ModelAdmin):
    """A big table that can only be read."""

    ordering = ("-id",)
    list_per_page = 100
    show_full_result_count = False
    paginator = CappedPaginator

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse in these pages; but whoever deletes a person takes along what is theirs."""
        match = request.resolver_match
        here = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is None or match.url_name is None or match.url_name.startswith(here):
            return False
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(NotifiableEvent)
class NotifiableEventAdmin(LogAdmin):
    """One event x one person, with the outcome on every channel."""

    list_display = ("id", "event_type", "person_id", "outcome_on_app", "outcome_on_email", "created_at")
    search_fields = ("=person__id", "=event_log__id")
    search_help_text = _("The number of a person or an event")
    fields = (
        "event_type",
        "event_log_id",
        "person_id",
        "notifier",
        "masked_params",
        "outcomes",
        "created_at",
        "delete_at",
    )
    readonly_fields = fields

    @admin.display(description=_("parameters"))
    def masked_params(self, notifiable: NotifiableEvent) -> Any:
        """Return the parameters given by hand, sensitive ones masked."""
        found = EventTypes.get(notifiable.event_type)
        if found is None or not isinstance(notifiable.params, dict):
            return notifiable.params
        return {name: MASK if name in found.sensitive else value for name, value in notifiable.params.items()}

    @admin.display(description=_("app"))
    def outcome_on_app(self, notifiable: NotifiableEvent) -> str:
        """Return the outcome on the inbox."""
        return _outcome(notifiable, "app")

    @admin.display(description=_("email"))
    def outcome_on_email(self, notifiable: NotifiableEvent) -> str:
        """Return the outcome on email."""
        return _outcome(notifiable, "email")


def _outcome(notifiable: NotifiableEvent, channel: str) -> str:
    outcomes = notifiable.outcomes
    return gettext("undecided") if outcomes is None else str(outcomes.get(channel, ""))


@admin.register(NotificationBatch)
class NotificationBatchAdmin(LogAdmin):
    """The work on many people at once."""

    list_display = (
        "id",
        "event_id",
        "notifier",
        "state",
        "attempts",
        "recipients",
        "created",
        "skipped",
        "fallbacks",
        "finished_at",
    )
    list_filter = ("state", "priority")
    search_fields = ("=event__id",)
    search_help_text = _("The number of an event")


@admin.register(AppNotification)
class AppNotificationAdmin(LogAdmin):
    """What is in people's inboxes; of events with secrets, only that it is there."""

    list_display = (
        "id",
        "person_id",
        "event_type",
        "masked_title",
        "is_fallback",
        "is_read",
        "created_at",
        "delete_at",
    )
    list_filter = ("is_fallback",)
    #: Not the texts: who may not read a secret could still search for it.
    search_fields = ("=person__id",)
    search_help_text = _("The number of a person")
    fields = (
        "event_id",
        "person_id",
        "event_type",
        "category",
        "masked_title",
        "masked_message",
        "masked_url",
        "reason",
        "about",
        "group",
        "importance",
        "is_fallback",
        "created_at",
        "seen_at",
        "read_at",
        "archived_at",
        "delete_at",
    )
    readonly_fields = fields

    @admin.display(description=_("title"))
    def masked_title(self, notification: AppNotification) -> str:
        """Return the title, unless it may tell a secret."""
        return notification.masked(notification.title)

    @admin.display(description=_("message"))
    def masked_message(self, notification: AppNotification) -> str:
        """Return the message, unless it may tell a secret."""
        return notification.masked(notification.message)

    @admin.display(description=_("address"))
    def masked_url(self, notification: AppNotification) -> str:
        """Return the address, unless it may lead to something secret."""
        return notification.masked(notification.url)


@admin.register(Retraction)
class RetractionAdmin(LogAdmin):
    """What is no longer to be told."""

    list_display = ("about", "last_event", "delete_at")
    search_fields = ("=about",)
    search_help_text = _("The exact object (product_management.product:1)")
