"""The text of a text message: title, message and address in one, no longer than anybody wants to pay for."""

import re
import unicodedata
from bisect import bisect_right

from engagement.sms.segments import Encoding, count

MOST_SEGMENTS = 10
#: A longer address is left out: it would leave no room for the text, and half of one leads nowhere.
LONGEST_URL = 300
#: Of the same alphabet as what it ends.
ELLIPSIS = {Encoding.GSM7: "...", Encoding.UCS2: "…"}


def text_of(title: str, message: str, url: str = "") -> str:
    """Return what is sent: nothing twice, the address at the end, cut to MOST_SEGMENTS before it."""
    said = _joined(_clean(title), _clean(message))
    has_link = url.startswith(("https://", "http://")) and len(url) <= LONGEST_URL and not _says(said, url)
    return _cut(said, f"\n{_clean(url)}" if has_link else "")


def _clean(text: str) -> str:
    """Return it without control characters but newlines, and without halves of surrogate pairs."""
    lines = "\n".join(text.replace("\t", " ").splitlines())
    kept = (each for each in lines if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def _joined(title: str, message: str) -> str:
    """Return both, unless one of them says what the other does."""
    if _says(message, title):
        return message
    return title if _says(title, message) else f"{title}\n{message}"


def _says(text: str, part: str) -> bool:
    """Tell whether the part is in the text, not within a word."""
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None if part else True


def _cut(said: str, ending: str) -> str:
    """Return both, of the first as much as there is room for."""
    whole = count(said + ending)
    if whole.segments <= MOST_SEGMENTS:
        return said + ending

    def cut(length: int) -> str:
        return f"{said[:length].rstrip()}{ELLIPSIS[whole.encoding]}{ending}"

    lengths = range(len(said) + 1)
    longest = bisect_right(lengths, MOST_SEGMENTS, key=lambda length: count(cut(length)).segments) - 1
    return cut(longest)
