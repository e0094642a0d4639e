"""Read a mail, whatever it is: what cannot be decoded is shown as well as it can be, and nothing raises."""

import re
from contextlib import suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser

#: How many bytes of a mail are looked at, and how many characters of a part are shown.
LARGEST = 5_000_000
LONGEST = 200_000

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says; None: it has no such part."""

    headers: list[Header]
    text: str | None
    html: str | None


def headers(content: bytes) -> list[Header]:
    """Return the (name, decoded value)s in their order."""
    return _headers(BytesHeaderParser().parsebytes(content))


def read(content: bytes) -> Content:
    """Return what a mail says; only its headers if its parts are nested deeper than anybody means."""
    try:
        parsed: Message = BytesParser().parsebytes(content[:LARGEST])
        parts = list(parsed.walk())
    except RecursionError:
        return Content(headers(content), None, None)
    return Content(_headers(parsed), _first(parts, "text/plain"), _first(parts, "text/html"))


def _headers(parsed: Message) -> list[Header]:
    return [(name, _decoded(value)) for name, value in parsed.raw_items()]


def _decoded(value: str) -> str:
    """Return the value of a header as people read it, in one line."""
    found = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with suppress(HeaderParseError):  # broken base64
        found = "".join(_word(word, charset) for word, charset in decode_header(found))
    return " ".join(found.split())


def _word(word: str | bytes, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    # What stands between encoded words comes as bytes, too.
    return _text(word, charset or "raw-unicode-escape")


def _text(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # no such charset, or one that is no charset: "base64", "\0"
        return content.decode("utf-8", "replace")


def _first(parts: list[Message], kind: str) -> str | None:
    """Return the first part of a kind, unless it is a file; cut if it is very long."""
    for part in parts:
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            return _body(part)[:LONGEST]
    return None


def _body(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    return _text(content, _charset(part)).replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _charset(part: Message) -> str:
    found = part.get_content_charset("utf-8")
    return found if re.fullmatch(r"[\w.:-]{1,40}", found) else "utf-8"
