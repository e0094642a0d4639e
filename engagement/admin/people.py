"""What people chose and set, and addresses that must not be used."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from engagement.channels import channels, outbound
from engagement.endpoint import normal
from engagement.models import Mute, NotificationPreference, NotificationSettings, Suppression
from engagement.standing import EMAIL
from events.listing import CappedPaginator


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(admin.ModelAdmin):
    """What people chose for an event type or a category."""

    list_display = ("person", "event_type", "category", "type", "digest")
    list_filter = ("type", "digest")
    list_select_related = ("person",)
    raw_id_fields = ("person",)


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(admin.ModelAdmin):
    """Languages, time zones, quiet hours and hours of digests."""

    list_display = ("person", "language", "time_zone", "quiet_from", "quiet_until", "digest_hour")
    list_filter = ("language",)
    list_select_related = ("person",)
    raw_id_fields = ("person",)


@admin.register(Mute)
class MuteAdmin(admin.ModelAdmin):
    """What people do not want to hear of."""

    list_display = ("person", "about", "label", "until", "created_at")
    list_select_related = ("person",)
    raw_id_fields = ("person",)
    readonly_fields = ("created_at",)
    search_fields = ("=about", "=person__pk")
    search_help_text = _("The exact object (product_management.product:1), or the number of a person")


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    """Addresses that bounced, or whose owners complained; delete one to use it again."""

    list_display = ("channel", "endpoint", "cause", "reason", "created_at")
    list_filter = ("channel", "cause")
    ordering = ("-id",)
    readonly_fields = ("created_at",)
    search_fields = ("endpoint",)  # shown as a box; read below
    search_help_text = _("The exact address")
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ("delete_selected",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the channels that leave the house: the inbox has no addresses that could be refused."""
        if db_field.name == "channel":
            kwargs["choices"] = [(channel.name, channel.label) for channel in outbound()]
            kwargs["initial"] = EMAIL
        if db_field.name == "endpoint":
            kwargs["label"] = _("Address")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.action(permissions=["delete"], description=_("Lift: use these addresses again"))
    def delete_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Delete those chosen, after a confirmation; Django's own action by its own name, which its page sends."""
        return delete_selected(self, request, queryset)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Look the address up on every channel, with which the index begins."""
        address = normal(search_term)
        return (queryset.filter(channel__in=channels(), endpoint=address) if address else queryset), False
