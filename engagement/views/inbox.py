"""The page of the inbox. It changes nothing: what does is a POST (inbox_acts.py)."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement import inbox, mutes
from engagement.inbox_acts import MOST_CHOSEN
from engagement.inbox_list import SCAN_LIMIT, Filter, Show, grouped, rows
from engagement.models import AppNotification
from engagement.registry import notifiers
from engagement.subject import label_of_category, subject
from engagement.views.answer import in_their_time
from engagement.views.parse import id_of
from events.bus import EventTypes


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest) -> HttpResponse:
    """List the person's notifications, newest first."""
    wanted = Filter.of(request.GET)
    page = inbox.page(request.user, wanted, before=id_of(request.GET.get("before")))
    context = {
        "page": page,
        "entries": grouped(page.notifications, wanted),
        "wanted": wanted,
        "is_first": "before" not in request.GET,
        "tabs": [(name, wanted.query(show=name)) for name in Show.values],
        "categories": [(each, label_of_category(each)) for each in _categories(wanted)],
        "about": capfirst(subject(wanted.group)),
        "without_group": wanted.query(group=""),
        "older": wanted.query(before=str(page.older_than or "")),
        "scan_limit": SCAN_LIMIT,
        "here": request.get_full_path(),
    }
    return render(request, "engagement/inbox.html", context | muted_among(request, page.notifications))


@login_required
@require_safe
@never_cache
@in_their_time
def show_rows(request: HttpRequest) -> HttpResponse:
    """Show some rows by id, as the page of this filter would: for what has changed since it was shown."""
    return fragment(request, ids_of(request.GET.get("ids", "").split(",")), Filter.of(request.GET))


def fragment(request: HttpRequest, ids: Sequence[int], wanted: Filter, here: str = "") -> HttpResponse:
    """Show the person's rows with these ids, if the filter lists them, with messages and badge; no whole page."""
    found = rows(request.user, ids, wanted)
    context = {"entries": grouped(found, wanted), "wanted": wanted, "here": here or address(wanted)}
    return render(request, "engagement/inbox_rows.html", context | muted_among(request, found))


def muted_among(request: HttpRequest, found: Sequence[AppNotification]) -> dict[str, Any]:
    """Return what the rows show besides themselves."""
    return {"muted": mutes.muted_among(request.user, (row.about for row in found))}


def ids_of(texts: Sequence[str]) -> list[int]:
    """Return the ids among these, the first MOST_CHOSEN."""
    return [found for each in texts[:MOST_CHOSEN] if (found := id_of(each)) is not None]


def address(wanted: Filter) -> str:
    """Return where this is listed."""
    query = wanted.query()
    return reverse("engagement:inbox") + (f"?{query}" if query else "")


def _categories(wanted: Filter) -> list[str]:
    """Return the categories to choose from, and what was chosen even if there is no such one."""
    known = {each.category for each in EventTypes} | {each.effective_category() for each in notifiers}
    return sorted(filter(None, known | {wanted.category}))
