"""Who changed a wording, when, and from what to what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from engagement.admin.log import LogAdmin
from engagement.admin.wording_form import Key
from engagement.models import NotificationTemplate
from engagement.write import name_of

PER_PAGE = 20
SHOWN = ("title_template", "message_template", "is_active")
DONE = {"+": _("Written over the file's text"), "~": _("Changed"), "-": _("Back to the file's text")}

HistoricalTemplate = NotificationTemplate.history.model


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after; None where there was no wording."""

    label: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One time that a wording was written, changed or deleted."""

    record: Any
    differences: list[Difference]

    @property
    def done(self) -> str:
        """What was done."""
        return str(DONE[self.record.history_type])

    @property
    def by(self) -> str:
        """Who did it; empty for a program, or somebody deleted."""
        return name_of(self.record.history_user) if self.record.history_user else ""


#: Of the digits of a bigint.
LONGEST_NUMBER = 18


def key_of(object_id: str) -> Key:
    """Return what a wording is for, which may have been deleted; raise Http404 for one that never was."""
    if object_id.isdecimal() and len(object_id) <= LONGEST_NUMBER:
        for model in (NotificationTemplate, HistoricalTemplate):
            values = model.objects.filter(id=int(object_id)).values_list(*Key._fields).first()
            if values is not None:
                return Key(*values)
    raise Http404


def history_page(key: Key, number: Any) -> dict[str, Any]:
    """Return one page of the changes, the newest first, for the template."""
    records = (
        HistoricalTemplate.objects.filter(**key._asdict())
        .select_related("history_user")
        .order_by("-history_id")
    )
    page = Paginator(records, PER_PAGE).get_page(number)
    start = max(page.start_index() - 1, 0)
    # One more, to tell what the last one of the page changed.
    found = changes(records[start : start + PER_PAGE + 1])[:PER_PAGE]
    row = NotificationTemplate.objects.filter(**key._asdict()).first()
    return {"page": page, "changes": found, "key": key, "row": row}


def changes(records: Iterable[Any]) -> list[Change]:
    """Return what each of these records changed; the newest come first."""
    return [Change(new, _differences(old, new)) for new, old in pairwise([*records, None])]


def _differences(old: Any, new: Any) -> list[Difference]:
    """Compare the fields; a record of a deletion stands for no wording at all."""
    before, after = (None if each is None or each.history_type == "-" else each for each in (old, new))
    return [
        Difference(
            str(label_for_field(name, NotificationTemplate)),
            getattr(before, name, None),
            getattr(after, name, None),
        )
        for name in SHOWN
        if getattr(before, name, None) != getattr(after, name, None)
    ]


@admin.register(HistoricalTemplate)
class HistoryAdmin(LogAdmin):
    """Every change of every wording; also of those that are gone."""

    list_display = ("at", "wording", "done", "by")
    list_display_links = None
    list_select_related = ("history_user",)
    list_filter = ("history_type", "channel", "language")
    search_fields = ("=event_type",)
    search_help_text = _("What it is the wording of (product.created)")
    ordering = ("-history_id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show it to those who may see the wordings."""
        needed = ("engagement.view_notificationtemplate", "engagement.change_notificationtemplate")
        return any(request.user.has_perm(each) for each in needed)

    @admin.display(description=_("when"), ordering="history_id")
    def at(self, record: Any) -> datetime:
        """Return when it was done."""
        moment: datetime = record.history_date
        return moment

    @admin.display(description=_("wording"))
    def wording(self, record: Any) -> SafeString:
        """Return what it is for, with a link to all its changes."""
        key = Key(record.event_type, record.channel, record.language)
        place = reverse(f"{self.admin_site.name}:engagement_notificationtemplate_history_of")
        return format_html('<a href="{}?{}">{}</a>', place, urlencode(key._asdict()), " · ".join(key))

    @admin.display(description=_("what was done"), ordering="history_type")
    def done(self, record: Any) -> str:
        """Return it in words."""
        return Change(record, []).done

    @admin.display(description=_("by"), ordering="history_user", empty_value="-")
    def by(self, record: Any) -> str:
        """Return who did it."""
        return Change(record, []).by
