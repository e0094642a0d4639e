"""What a digest shows: the unread by category, then what was read in the meantime."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import ngettext

from engagement.conf import conf
from engagement.mail.budget import within
from engagement.mail.headers import category_label
from engagement.mail.line import PREHEADER_LENGTH, line, lines, web
from engagement.outgoing import DigestContent, DigestItem

#: So many titles are in the subject, each cut at so many characters.
TITLES, TITLE_LENGTH = 3, 60
#: Of an item's title, above its text.
ITEM_TITLE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Section:
    """The items under one heading."""

    heading: str
    items: list[DigestItem]


def context(digest: DigestContent) -> dict[str, Any]:
    """Return the values for the templates of a digest."""
    items = within([_shown(item) for item in digest.items])
    unread = [item for item in items if not item.is_read]
    return {
        "subject": subject(digest),
        "preheader": line(", ".join(titles(unread or items, len(items))), PREHEADER_LENGTH),
        "sections": by_category(unread),
        "read": [item for item in items if item.is_read],
        "total": digest.total,
        "left_out": max(digest.total - len(items), 0),
        "limit": digest.limit,
        "url": web(digest.url),
    }


def subject(digest: DigestContent) -> str:
    """Return how many there are, and what the first are."""
    unread = [item for item in digest.items if not item.is_read] or digest.items
    found = ngettext(
        "%(count)d notification from %(site)s: %(titles)s",
        "%(count)d notifications from %(site)s: %(titles)s",
        digest.total,
    )
    return found % {
        "count": digest.total,
        "site": conf.site_name,
        "titles": ", ".join(titles(unread, TITLES)),
    }


def titles(items: Iterable[DigestItem], most: int) -> list[str]:
    """Return the titles, each once; an ellipsis in place of those that are too many."""
    found = list(dict.fromkeys(line(item.title, TITLE_LENGTH) for item in items))
    return found if len(found) <= most else [*found[:most], "…"]


def by_category(items: Iterable[DigestItem]) -> list[Section]:
    """Return the items by category, in the order in which each is first met."""
    found: dict[str, list[DigestItem]] = {}
    for item in items:
        found.setdefault(item.category, []).append(item)
    return [Section(line(category_label(category)), those) for category, those in found.items()]


def _shown(item: DigestItem) -> DigestItem:
    title = line(item.title, ITEM_TITLE_LENGTH)
    return replace(item, title=title, message=lines(item.message), url=web(item.url))
