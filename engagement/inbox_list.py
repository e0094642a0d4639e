"""What of a person's inbox is listed: a filter, a page of it, and which rows of the page belong together."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

from django.db import models

from engagement.models import AppNotification
from engagement.models.app import AppNotificationQuerySet
from events.sql import UNSTORABLE

PAGE_SIZE = 50
#: A page with a category, an object or a word is looked for among so many rows; the reader may go on from there.
SCAN_LIMIT = 5_000
#: Of a word that is looked for, so much.
SEARCH_LENGTH = 100


class Show(models.TextChoices):
    """Which part of the inbox."""

    ALL = ""
    UNREAD = "unread"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of a person's notifications are asked for."""

    show: Show = Show.ALL
    category: str = ""
    #: The object to which they belong: AppNotification.group.
    group: str = ""
    #: A text in the title or the message, in either case.
    search: str = ""

    @classmethod
    def of(cls, wanted: Any) -> Self:
        """Return what a query string asks for; what it cannot mean asks for nothing."""
        show = wanted.get("show", "")
        category, group, search = (
            UNSTORABLE.sub("", wanted.get(name, "")) for name in ("category", "group", "q")
        )
        part = Show(show) if show in Show.values else Show.ALL
        return cls(part, category, group, search.strip()[:SEARCH_LENGTH])

    @property
    def is_narrow(self) -> bool:
        """Whether rows have to be looked at one by one."""
        return bool(self.category or self.group or self.search)

    def query(self, **other: str) -> str:
        """Return the query string for this, with some of it another; "" for everything in the inbox."""
        asked = {"show": self.show, "category": self.category, "group": self.group, "q": self.search} | other
        return urlencode({name: value for name, value in asked.items() if value})

    def part_of(self, rows: AppNotificationQuerySet) -> AppNotificationQuerySet:
        """Return those of the part of the inbox, by its index."""
        match self.show:
            case Show.UNREAD:
                return rows.unread()
            case Show.ARCHIVED:
                return rows.archived()
        return rows.in_inbox()

    def narrow(self, rows: AppNotificationQuerySet) -> AppNotificationQuerySet:
        """Return those of the category, the object and the word."""
        named = {
            name: value for name, value in asdict(self).items() if name in {"category", "group"} and value
        }
        found = rows.filter(**named)
        if self.search:
            found = found.filter(
                models.Q(title__icontains=self.search) | models.Q(message__icontains=self.search)
            )
        return found


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification, with the older ones of the page about the same."""

    newest: AppNotification
    older: list[AppNotification] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """Some notifications, newest first, and where the next page begins (None: this is the last)."""

    notifications: list[AppNotification]
    older_than: int | None
    #: The newest that there was when this was listed, on whatever page; "mark all as read" goes up to here.
    newest: int | None
    #: There may be more, but so far only SCAN_LIMIT rows were looked at.
    is_cut: bool = False


def grouped(rows: Iterable[AppNotification], wanted: Filter = EVERYTHING) -> list[Entry]:
    """Put those of one group (not the empty one) together, in the place of the newest.

    Where one group is asked for, each stands by itself.
    """
    entries: dict[str, Entry] = {}
    for row in rows:
        key = f"\0{row.pk}" if wanted.group or not row.group else row.group
        if key in entries:
            entries[key].older.append(row)
        else:
            entries[key] = Entry(row)
    return list(entries.values())


def page(
    person: Any, wanted: Filter = EVERYTHING, *, before: int | None = None, size: int = PAGE_SIZE
) -> Page:
    """Return the notifications older than `before` (an id); as quick at the millionth row as at the first."""
    found = wanted.part_of(AppNotification.objects.newest_of(person))
    if before is not None:
        found = found.filter(id__lt=before)
    looked_at = _looked_at(found) if wanted.is_narrow else []
    last = looked_at[-1] if len(looked_at) == SCAN_LIMIT else None
    if last is not None:
        found = found.filter(id__in=looked_at)
    rows = list(wanted.narrow(found)[: size + 1])
    newest = rows[0].pk if rows and before is None and wanted == EVERYTHING else _newest(person)
    if len(rows) > size:
        return Page(rows[:size], rows[size - 1].pk, newest)
    return Page(rows, last, newest, is_cut=last is not None)


def rows(person: Any, ids: Iterable[int], wanted: Filter = EVERYTHING) -> list[AppNotification]:
    """Return those of the person's notifications with these ids that the filter lists, newest first."""
    mine = AppNotification.objects.of(person).filter(pk__in=list(ids))
    return list(wanted.narrow(wanted.part_of(mine)).order_by("-id"))


def _looked_at(found: AppNotificationQuerySet) -> list[int]:
    """Return the ids among which to look, which the index alone tells.

    Asked for as a range of ids instead, PostgreSQL may walk over it by primary key, and over everybody else's
    rows in it: thirty times as many, for somebody who has one row in 20.
    """
    return list(found.values_list("id", flat=True)[:SCAN_LIMIT])


def _newest(person: Any) -> int | None:
    return AppNotification.objects.newest_of(person).in_inbox().values_list("id", flat=True).first()
