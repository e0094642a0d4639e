"""Texts of anybody, made fit for mails: one line for headers, in ASCII where programs want that."""

import re
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.utils import quote
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri, punycode

from engagement.outgoing import DeliveryError

#: Control characters, halves of characters; and what turns the direction of all that follows, which nothing ends in
#: a list of subjects.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: What a display name may be without quotes (RFC 5322).
ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
#: Of a name; a longer one is cut.
NAME_LENGTH = 64
#: Of an encoded word, so that the first has room beside the header's name.
WORD_LENGTH = 50
#: Of what programs show beside the subject.
PREHEADER_LENGTH = 140
WORD_JOINER = "\u2060"


def line(text: str, length: int = 10_000) -> str:
    """Return a text as one line of so many characters at the most."""
    found = " ".join(UNFIT.sub(" ", text[: length * 4]).split())
    return found if len(found) <= length else f"{found[: length - 1].rstrip()}…"


def lines(text: str, length: int = 100_000) -> str:
    """Return a text with its lines, each without what does not belong into one, of so many characters at the most."""
    found = "\n".join(UNFIT.sub(" ", each).rstrip() for each in text[: length * 4].splitlines()).strip("\n")
    return found if len(found) <= length else f"{found[: length - 1].rstrip()}…"


def literal(text: str) -> str:
    """Return one line that programs show as it is, though "=?" would begin an encoded word (RFC 2047).

    The joiner is invisible, and as it is not ASCII, the whole gets encoded.
    """
    return text.replace("=?", f"={WORD_JOINER}?")


def ascii_line(text: str, length: int) -> str:
    """Return one line in ASCII, of encoded words if it must be: not every provider takes others as a header."""
    found = literal(line(text, length))
    return found if found.isascii() else Header(found, "utf-8", WORD_LENGTH).encode(linesep="")


def phrase(text: str) -> str:
    """Return what can stand in front of an address in angle brackets."""
    found = ascii_line(text, NAME_LENGTH)
    return found if ATOMS.fullmatch(found) else f'"{quote(found)}"'


def mailbox(name: str, address: str) -> str:
    """Return "Name <address>", or the address if the name says nothing."""
    return f"{phrase(name)} <{address}>" if line(name, NAME_LENGTH) else address


def address(endpoint: str) -> str:
    """Return an address as servers take it, its domain in ASCII.

    Raise DeliveryError if it is none, or one that only servers with SMTPUTF8 (RFC 6531) would take.
    """
    local, _at, domain = endpoint.strip().rpartition("@")
    if not local.isascii():
        raise DeliveryError(
            "The part of the address before the @ is not ASCII; no server takes that.", permanent=True
        )
    try:
        return Address(addr_spec=f"{local}@{punycode(domain)}").addr_spec
    except (HeaderParseError, IndexError, ValueError) as error:
        raise DeliveryError(f"No mail can be sent to this address: {error}", permanent=True) from error


def web(url: str) -> str:
    """Return an address as a mail can have it; nothing for what is not of the web, such as "javascript:"."""
    try:
        is_web = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return ""
    return iri_to_uri("".join(UNFIT.sub("", url).split())) if is_web else ""
