"""Who was concerned, and what became of it; preferences and templates can be edited, the rest only read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from engagement.models import (
    AppNotification,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
    NotificationTemplate,
)
from events.admin import CappedPaginator, ReadOnly
from events.bus import EventTypes


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
    search_help_text = "The number of a person or an event"
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

    @admin.display(description="parameters")
    def masked_params(self, notifiable: NotifiableEvent) -> Any:
        """Return the parameters given by hand, sensitive ones masked."""
        found = EventTypes.get(notifiable.event_type)
        if found is None or not isinstance(notifiable.params, dict):
            return notifiable.params
        return {
            name: "***" if name in found.sensitive else value for name, value in notifiable.params.items()
        }

    @admin.display(description="app")
    def outcome_on_app(self, notifiable: NotifiableEvent) -> str:
        """Return the outcome on the inbox."""
        return _outcome(notifiable, "app")

    @admin.display(description="email")
    def outcome_on_email(self, notifiable: NotifiableEvent) -> str:
        """Return the outcome on email."""
        return _outcome(notifiable, "email")


def _outcome(notifiable: NotifiableEvent, channel: str) -> str:
    return "undecided" if notifiable.outcomes is None else str(notifiable.outcomes.get(channel, ""))


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
    search_help_text = "The number of an event"


@admin.register(AppNotification)
class AppNotificationAdmin(LogAdmin):
    """What is in people's inboxes."""

    list_display = ("id", "person_id", "event_type", "title", "is_read", "created_at", "delete_at")
    search_fields = ("=person__id",)
    search_help_text = "The number of a person"


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(admin.ModelAdmin):
    """What people chose."""

    list_display = ("person", "event_type", "category", "type")
    list_filter = ("type",)
    list_select_related = ("person",)
    raw_id_fields = ("person",)


@admin.register(NotificationTemplate)
class NotificationTemplateAdmin(admin.ModelAdmin):
    """Wordings over a file's; checked before they are saved."""

    list_display = ("event_type", "channel", "language", "title_template", "is_active")
    list_filter = ("channel", "language", "is_active")
    readonly_fields = ("parameters",)

    @admin.display(description="permitted parameters")
    def parameters(self, template: NotificationTemplate) -> str:
        """Return the names that the texts may use."""
        return ", ".join(template.permitted_params) if template.event_type else "shown once it is saved"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the slug of a saved template: its texts were checked against it."""
        return ("parameters", "event_type") if obj else ("parameters",)
