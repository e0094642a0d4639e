"""The identifiers in a mail's headers: valid whatever they are made from, and the same for the same."""

import re
from hashlib import sha256

from django.utils.encoding import punycode

from engagement import links

#: What a label may be in front of our host (RFC 2919, and within what RFC 5322 calls an atom).
LABEL = re.compile(r"[a-z0-9]([a-z0-9_-]{0,48}[a-z0-9])?")
#: Names of hosts that mail programs take in an identifier; an address such as ::1 is none.
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def domain() -> str:
    """Return our host as it can be written in a header."""
    try:
        found = punycode(links.host()).lower()
    except UnicodeError:
        return "localhost"
    return found if HOST.fullmatch(found) else "localhost"


def message_id(key: str) -> str:
    """Return the Message-ID of the mail with this key, which no other has."""
    return f"<{key}@{domain()}>"


def thread_id(thread: str) -> str:
    """Return the id that all mails of a thread name as the one they answer; no mail has it itself."""
    return f"<thread.{label(thread)}@{domain()}>"


def list_id(category: str) -> str:
    """Return by what mail programs tell the mails of a category from others (RFC 2919)."""
    return f"<{label(category.lower())}.{domain()}>"


def label(text: str) -> str:
    """Return the text if it can be a label; else its fingerprint, which can."""
    return text if LABEL.fullmatch(text) else sha256(text.encode(errors="replace")).hexdigest()[:32]
