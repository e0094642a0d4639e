"""From a message to what a device is sent: short enough, and never cut inside a character."""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from engagement.mail.line import line, lines, web
from engagement.outgoing import Outgoing

#: Of one message, in bytes; FCM, APNs and Web Push have the same.
LIMIT = 4_096
#: A title is cut to no fewer characters as long as there is something else to leave out.
SHORTEST_TITLE = 80
#: What is left out for want of room, the first first. The id of the message stays.
EXPENDABLE = ("url", "why", "about", "category", "event_type")
#: Of the name of a thread, in bytes: what APNs takes for such things.
THREAD_LENGTH = 64
ELLIPSIS = "…"
#: The zero-width joiner; and what colours an emoji, which Unicode does not call a mark.
JOINER, TONES = "\u200d", "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
#: The combining class of what makes one letter of two in Indic scripts.
VIRAMA = 9


@dataclass(frozen=True, slots=True)
class Payload:
    """What a device is told."""

    title: str
    body: str
    #: For the app; what has no value is not in it.
    data: dict[str, str]


def payload_of(message: Outgoing) -> Payload:
    """Return all that there is to tell, of any length."""
    data = {
        "message_id": message.message_id,
        "event_type": message.event_type,
        "category": message.category,
        "about": message.about,
        "url": web(message.url),
        "why": web(message.why_url),
    }
    filled = {name: line(value) for name, value in data.items() if value}
    return Payload(line(message.title), lines(message.message), filled)


def within(payload: Payload, size: Callable[[Payload], int], limit: int = LIMIT) -> Payload:
    """Return as much of a payload as has no more than so many bytes, of which `size` tells.

    The body is cut first, then the title; where that is not enough, something of the data is left out.
    """

    def fits(found: Payload) -> bool:
        return size(found) <= limit

    for fewer in _with_less_and_less(payload):
        for found in (
            _cut(fewer, "body", 0, fits),
            _cut(replace(fewer, body=""), "title", SHORTEST_TITLE, fits),
        ):
            if fits(found):
                return found
    return _cut(replace(fewer, body=""), "title", 0, fits)


def thread_of(message: Outgoing) -> str:
    """Return a name for what belongs together, the same for the same; a long one becomes its fingerprint."""
    name = line(message.thread)
    is_short = len(name.encode()) <= THREAD_LENGTH
    return name if is_short else sha256(name.encode()).hexdigest()[:32]


def _with_less_and_less(payload: Payload) -> Iterator[Payload]:
    for count in range(len(EXPENDABLE) + 1):
        data = {name: value for name, value in payload.data.items() if name not in EXPENDABLE[:count]}
        yield replace(payload, data=data)


def _cut(
    payload: Payload, name: Literal["title", "body"], shortest: int, fits: Callable[[Payload], bool]
) -> Payload:
    """Return a payload with as much of one text as fits; no fewer than `shortest` characters, even if that does not."""
    text = payload.title if name == "title" else payload.body

    def until(end: int) -> Payload:
        kept = _until(text, end)
        return replace(payload, title=kept) if name == "title" else replace(payload, body=kept)

    if len(text) <= shortest or fits(payload):
        return payload
    ends = range(shortest + 1, len(text))
    return until(shortest + bisect_right(ends, False, key=lambda end: not fits(until(end))))


def _until(text: str, end: int) -> str:
    """Return the beginning of a text, up to a place or the last one before it that is not within a character."""
    while 0 < end < len(text) and _is_joined(text[end - 1], text[end]):
        end -= 1
    return f"{text[:end].rstrip()}{ELLIPSIS}" if end else ""


def _is_joined(before: str, after: str) -> bool:
    """Tell whether two code points are, or may be, of one character as people see it."""
    return (
        unicodedata.category(after).startswith("M")
        or JOINER in (before, after)
        or after in TONES
        or unicodedata.combining(before) == VIRAMA
    )
