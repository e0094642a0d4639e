"""Step 8: a person's list. Everything begins with the person, so that nobody reaches another's row by its id.

What is listed is in inbox_list.py, what is done with it in inbox_acts.py.
"""

from typing import Any

from engagement.inbox_acts import read_all
from engagement.inbox_list import EVERYTHING, PAGE_SIZE, Filter, Page, Show, page
from engagement.models import AppNotification

__all__ = [
    "BADGE_LIMIT",
    "EVERYTHING",
    "PAGE_SIZE",
    "Filter",
    "Page",
    "Show",
    "badge",
    "find",
    "mark_all_read",
    "page",
    "unread_count",
]

#: The badge says 99+ beyond this, and does not count further.
BADGE_LIMIT = 99


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
    """Mark everything as read, up to the newest that the person has seen listed; return how many."""
    return read_all(person, up_to=up_to).count
