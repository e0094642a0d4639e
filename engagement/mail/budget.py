"""How much of a digest is shown: Gmail cuts a mail at 102 kB of HTML, and with it the link for unsubscribing."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from django.template.defaultfilters import linebreaksbr

from engagement.mail.line import lines
from engagement.outgoing import DigestItem

#: Of all items, in bytes of HTML; the rest of the 102 kB is for what is around them.
BUDGET = 80_000
#: Of the tags of an item with its moment, and of those of a heading; rounded up.
ITEM, HEADING = 750, 200
#: In characters. A message that would be cut to fewer than SHORTEST is left out.
MESSAGE_LENGTH, SHORTEST = 500, 20
ELLIPSIS = len("…".encode())


def within(items: Sequence[DigestItem]) -> list[DigestItem]:
    """Return the first items, those whose titles fit, with as much of each message as there is room for.

    What a short message leaves of its share is for those after it.
    """
    sizes = [_size_of_item(item, items[:place]) for place, item in enumerate(items)]
    count = bisect_right(list(accumulate(sizes)), BUDGET)
    room, found = BUDGET - sum(sizes[:count]), []
    for place, item in enumerate(items[:count]):
        message = _fitting(item.message, room // (count - place))
        room -= size(message)
        found.append(replace(item, message=message))
    return found


def size(text: str) -> int:
    """Return how many bytes a text is in HTML."""
    return len(linebreaksbr(text, autoescape=True).encode())


def _size_of_item(item: DigestItem, before: Sequence[DigestItem]) -> int:
    """Return how many bytes an item is without its message; with the heading that the first of a category has."""
    is_headed = any(each.category == item.category for each in before)
    return ITEM + size(item.title) + size(item.url) + (0 if is_headed else HEADING + size(item.category))


def _fitting(message: str, room: int) -> str:
    """Return a message cut to MESSAGE_LENGTH and to so many bytes of HTML."""
    short = lines(message, MESSAGE_LENGTH)
    if size(short) <= room:
        return short
    ends = range(1, len(short) + 1)
    most = bisect_right(ends, room - ELLIPSIS, key=lambda end: size(short[:end]))
    return lines(short, most + 1) if most >= SHORTEST else ""
