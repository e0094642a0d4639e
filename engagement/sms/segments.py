"""How many messages a text becomes on its way, by 3GPP TS 23.038: GSM 7-bit where it can, UCS-2 where it must.

One message holds 160 septets or 70 UTF-16 units; of several each holds 153 or 67, since a header joins them (TS 23.040,
9.2.3.24.1). What takes two septets or two units is not divided between two messages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext, ngettext

#: 6.2.1, in rows of sixteen; the second has only fifteen, since ESC (1B) is no character.
DEFAULT_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
#: 6.2.1.1: each is ESC and another septet.
EXTENSION_TABLE = "\f^{}\\[~]|€"
SEPTETS = dict.fromkeys(DEFAULT_ALPHABET, 1) | dict.fromkeys(EXTENSION_TABLE, 2)
#: So many of them are named.
MOST_NAMED = 3


class Encoding(StrEnum):
    """How the characters are sent."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


#: What the only message holds, and what each of several does.
SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text becomes."""

    encoding: Encoding
    #: Septets, or units of UTF-16.
    units: int
    #: How many messages are sent, and paid for.
    segments: int
    #: The characters for which GSM-7 has no room, each once.
    foreign: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = ngettext("%(count)d segment, %(encoding)s", "%(count)d segments, %(encoding)s", self.segments)
        words = said % {"count": self.segments, "encoding": self.encoding}
        return f"{words} {self._because()}" if self.foreign else words

    def _because(self) -> str:
        named = ", ".join(f"“{_visible(each)}”" for each in self.foreign[:MOST_NAMED])
        if len(self.foreign) > MOST_NAMED:
            return gettext("because of %(characters)s and others") % {"characters": named}
        return gettext("because of %(characters)s") % {"characters": named}


def count(text: str) -> Segments:
    """Return what a text becomes; an empty one is a message as well."""
    foreign = tuple(dict.fromkeys(each for each in text if each not in SEPTETS))
    encoding = Encoding.UCS2 if foreign else Encoding.GSM7
    widths = [1 + (each > "\uffff") if foreign else SEPTETS[each] for each in text]
    is_single = sum(widths) <= SINGLE[encoding]
    return Segments(encoding, sum(widths), 1 if is_single else _parts(widths, PART[encoding]), foreign)


def _parts(widths: Iterable[int], room: int) -> int:
    """Fill one part after the other."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def _visible(character: str) -> str:
    """Return the character, or its number where nothing would be seen."""
    return character if character.isprintable() and not character.isspace() else f"U+{ord(character):04X}"
