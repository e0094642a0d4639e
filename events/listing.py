"""What the lists of big tables in the admin have in common: read-only, counted to a limit, searched by index."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from events.registry import event_type_choices

COUNT_LIMIT = 10_000


class CappedPaginator(Paginator):
    """Counts to 10,000 at the most: nobody turns to page 101, and counting millions takes seconds."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, or 10,000."""
        rows = cast("models.QuerySet[Any]", self.object_list)
        return rows.order_by()[:COUNT_LIMIT].count()


class ReadOnly:
    """Nobody adds, changes or deletes here: the log is append-only, and work is done by workers."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse; viewing has a permission of its own."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def exact(term: str, **names: Callable[[str], Any]) -> models.Q:
    """Return a condition: one of these fields is exactly the term, as the function after its name reads it.

    A term that a function refuses with ValueError cannot be in that field. Django's own search compares
    UPPER(column::text), for which there is no index.
    """
    found = models.Q(pk__in=[])
    for name, parse in names.items():
        with suppress(ValueError):
            found |= models.Q(**{name: parse(term)})
    return found


def moment(time: datetime | None) -> str:
    """Return a time in as little room as it takes: a list has to fit on a small screen."""
    return date_format(localtime(time), "Y-m-d H:i:s") if time else ""


class TypeFilter(admin.SimpleListFilter):
    """By registered type, with its display name."""

    title = _("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every registered type."""
        return event_type_choices()

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Filter by the type chosen."""
        return queryset.filter(type=self.value()) if self.value() else queryset


class StatusFilter(admin.SimpleListFilter):
    """By derived status: each is a verb of the queryset, and uses the partial indexes."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the statuses."""
        return [
            ("unheard", _("unheard: no handler")),
            ("pending", _("pending")),
            ("retrying", _("retrying: failed or postponed")),
            ("running", _("running")),
            ("done", _("done")),
            ("dead", _("dead: attempts used up")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Filter by the status chosen; anything else in the address is no filter."""
        known = {value for value, _label in self.lookup_choices}
        return getattr(queryset, self.value() or "")() if self.value() in known else queryset
