"""Step 8: a person's list. Everything begins with the person, so that nobody reaches another's row by its id."""

from dataclasses import dataclass
from typing import Any

from engagement.models import AppNotification

PAGE_SIZE = 50
#: The badge says 99+ beyond this, and does not count further.
BADGE_LIMIT = 99


@dataclass(frozen=True, slots=True)
class Page:
    """Some notifications, newest first, and where the next page begins (None: this is the last)."""

    notifications: list[AppNotification]
    older_than: int | None
    #: The newest that there was when this was listed, on whatever page; "mark all as read" goes up to here.
    newest: int | None


def page(person: Any, *, before: int | None = None, unread: bool = False, size: int = PAGE_SIZE) -> Page:
    """Return the notifications older than `before` (an id); as quick at the millionth row as at the first."""
    found = AppNotification.objects.newest_of(person).in_inbox()
    if unread:
        found = found.unread()
    if before is not None:
        found = found.filter(id__lt=before)
    rows = list(found[: size + 1])
    newest = rows[0].pk if rows and before is None else _newest(person)
    return Page(rows[:size], rows[size - 1].pk if len(rows) > size else None, newest)


def _newest(person: Any) -> int | None:
    return AppNotification.objects.newest_of(person).in_inbox().values_list("id", flat=True).first()


def unread_count(person: Any) -> int:
    """Return how many are unread, counting to BADGE_LIMIT + 1 at the most."""
    return AppNotification.objects.newest_of(person).unread()[: BADGE_LIMIT + 1].count()


def badge(person: Any) -> str:
    """Return what the badge says: nothing, a number, or 99+."""
    return badge_of(unread_count(person))


def badge_of(count: int) -> str:
    """Return what the badge says for so many."""
    return f"{BADGE_LIMIT}+" if count > BADGE_LIMIT else str(count or "")


def find(person: Any, pk: int) -> AppNotification | None:
    """Return the person's notification with this id; None if there is none, or it is somebody else's."""
    return AppNotification.objects.of(person).filter(pk=pk).first()


def mark_all_read(person: Any, *, up_to: int | None = None) -> int:
    """Mark everything as read, up to the newest that the person has seen listed; return how many.

    Ids are drawn before they are committed: of two batches at the same time, a row may come to light later that
    has a lower id than one that was listed. It is marked too.
    """
    unread = AppNotification.objects.of(person).unread()
    if up_to is not None:
        unread = unread.filter(id__lte=up_to)
    return unread.mark_read()
