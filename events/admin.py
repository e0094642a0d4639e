"""The log for operators: everything can be read, nothing can be changed."""

import json
import re
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from events.listing import CappedPaginator, ReadOnly, StatusFilter, TypeFilter, exact, moment
from events.models import EventLog, HandlerRun
from events.registry import EventTypes
from events.work import State

#: The states of runs that somebody searches by handler; a partial index answers each group.
LOOKED_FOR = [[State.PENDING, State.RETRYING], [State.RUNNING], [State.DEAD]]
ABOUT_LENGTH = 40
ABOUT_APP = re.compile(r"^\w+\.(?=\w+:)")


class HandlerRunInline(ReadOnly, admin.TabularInline):
    """The runs of one event."""

    model = HandlerRun
    extra = 0
    fields = (
        "handler",
        "state",
        "attempts",
        "failed",
        "crashed",
        "available_at",
        "finished_at",
        "last_error",
    )
    readonly_fields = fields
    ordering = ("id",)
    show_change_link = True


@admin.register(EventLog)
class EventLogAdmin(ReadOnly, admin.ModelAdmin):
    """What happened, and what came of it."""

    list_display = ("id", "display_name", "status", "short_about", "actor_name", "occurred")
    list_display_links = ("id", "display_name")
    list_filter = (StatusFilter, TypeFilter)
    search_fields = ("about", "key", "id", "event_id", "correlation_id")  # shown as a box; read below
    search_help_text = _(
        "The exact object (product_management.product:1), idempotency key, number, event id or correlation id"
    )
    ordering = ("-id",)
    list_per_page = 100
    show_full_result_count = False
    paginator = CappedPaginator
    inlines = (HandlerRunInline,)
    fields = (
        "display_name",
        "wire_name",
        "version",
        "status",
        "readable_payload",
        "about",
        "actor_name",
        "key",
        "order_key",
        "event_id",
        "correlation_id",
        "causation_id",
        "occurred_at",
        "delete_at",
    )
    readonly_fields: ClassVar[tuple[str, ...]] = (
        "display_name",
        "wire_name",
        "status",
        "readable_payload",
        "actor_name",
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[EventLog]:
        """Fetch the runs along, for the status, and who did it."""
        return super().get_queryset(request).select_related("actor").prefetch_related("runs")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Look the term up in each field that it may be in; each has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = exact(term, about=str, id=int, event_id=UUID, correlation_id=UUID)
        # The index of keys begins with the type.
        return queryset.filter(found | models.Q(type__in=[str(each) for each in EventTypes], key=term)), False

    @admin.display(description=_("event"))
    def display_name(self, event: EventLog) -> str:
        """Return the display name of the type, or the wire name if it is not registered any more."""
        found = EventTypes.get(event.type)
        return str(found.display_name) if found else event.type

    @admin.display(description=_("type"))
    def wire_name(self, event: EventLog) -> str:
        """Return the name that code knows; the field itself would show the display name once more."""
        return event.type

    @admin.display(description=_("about"))
    def short_about(self, event: EventLog) -> str:
        """Return the object without the name of its app, so that the list is not too wide."""
        return Truncator(ABOUT_APP.sub("", event.about)).chars(ABOUT_LENGTH)

    @admin.display(description=_("actor"))
    def actor_name(self, event: EventLog) -> str:
        """Return who did it; the number alone if they are gone."""
        if event.actor_id is None:
            return "-"
        return str(event.actor or f"#{event.actor_id}")

    @admin.display(description=_("occurred"))
    def occurred(self, event: EventLog) -> str:
        """Return the time, to the second."""
        return moment(event.occurred_at)

    @admin.display(description=_("status"))
    def status(self, event: EventLog) -> str:
        """Return the derived status."""
        return event.status()

    @admin.display(description=_("payload"))
    def readable_payload(self, event: EventLog) -> SafeString:
        """Return the payload as indented JSON, sensitive fields masked."""
        return format_html("<pre>{}</pre>", json.dumps(event.masked_payload(), indent=2, ensure_ascii=False))


@admin.register(HandlerRun)
class HandlerRunAdmin(ReadOnly, admin.ModelAdmin):
    """Every run of every handler."""

    list_display = ("id", "handler_name", "of_event", "state", "attempts", "when", "first_line")
    list_filter = ("state", "priority")
    search_fields = ("handler", "event__id")  # shown as a box; read below
    search_help_text = _(
        "The number of an event, or the exact name of a handler: its runs that are neither done nor cancelled"
    )
    ordering = ("-id",)
    list_per_page = 100
    list_select_related = ("event",)
    show_full_result_count = False
    paginator = CappedPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Look up the runs of an event, or those of a handler that the partial indexes know."""
        term = search_term.strip()
        if not term:
            return queryset, False
        waiting, running, dead = (models.Q(handler=term, state__in=states) for states in LOOKED_FOR)
        return queryset.filter(exact(term, event_id=int) | waiting | running | dead), False

    @admin.display(description=_("handler"))
    def handler_name(self, run: HandlerRun) -> SafeString:
        """Return the name, which may be wrapped at its dots."""
        return _wrapping(run.handler)

    @admin.display(description=_("event"))
    def of_event(self, run: HandlerRun) -> SafeString:
        """Return the number and the type, which may be wrapped at its dots."""
        return _wrapping(f"#{run.event_id} {run.event.type}")

    @admin.display(description=_("due or finished"))
    def when(self, run: HandlerRun) -> str:
        """Return when it was finished, or else when it is due."""
        return moment(run.finished_at or run.available_at)

    @admin.display(description=_("last error"))
    def first_line(self, run: HandlerRun) -> str:
        """Return the first line of the last error."""
        return run.last_error.partition("\n")[0][:200]


def _wrapping(dotted: str) -> SafeString:
    return format_html_join(SafeString("<wbr>."), "{}", ((part,) for part in dotted.split(".")))
