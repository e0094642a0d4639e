"""The headers by which programs sort, thread, answer and unsubscribe from a mail."""

import re
from urllib.parse import urlsplit

from django.utils.text import capfirst

from engagement.conf import conf
from engagement.mail.ids import list_id, thread_id
from engagement.mail.line import NAME_LENGTH, ascii_line, phrase, web
from engagement.outgoing import Outgoing

REASON_LENGTH = 200
#: A line must not be longer than 998 octets (RFC 5322), and the name of the header is in it.
URL_LENGTH = 900
#: Where addresses need not be encrypted, since they do not leave the machine.
OWN_HOSTS = {"localhost", "127.0.0.1", "::1"}
#: In Feedback-ID colons separate its parts.
NOT_FEEDBACK = re.compile(r"[^A-Za-z0-9_.-]+")


def kind(outgoing: Outgoing) -> str:
    """Return of what type the mail is; digests are one."""
    return outgoing.event_type or ("digest" if outgoing.digest else "notification")


def category(outgoing: Outgoing) -> str:
    """Return in which category the mail is; digests are one."""
    return outgoing.category or kind(outgoing)


def category_label(category: str) -> str:
    """Return what people call a category."""
    return capfirst(category.replace("_", " "))


def headers(outgoing: Outgoing) -> dict[str, str]:
    """Return those that Django does not make itself."""
    return {
        "Message-ID": outgoing.message_id,
        # Not an answer to a person, and none wanted from a machine (RFC 3834; the second is Exchange's).
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"{phrase(category_label(category(outgoing)))} {list_id(category(outgoing))}",
        "Feedback-ID": feedback_id(outgoing),
        **reason(outgoing),
        **thread(outgoing),
        **unsubscribe(web(outgoing.unsubscribe_url)),
    }


def feedback_id(outgoing: Outgoing) -> str:
    """Return by what Gmail tells us how many complain: nothing of the person is in it."""
    parts = [category(outgoing), kind(outgoing), "carillon", conf.sender_id]
    return ":".join(NOT_FEEDBACK.sub("-", part)[:NAME_LENGTH] for part in parts)


def reason(outgoing: Outgoing) -> dict[str, str]:
    """Return the reason in the installation's language, the same for everybody, for filters."""
    found = ascii_line(outgoing.reason_for_machines, REASON_LENGTH)
    return {"X-Notification-Reason": found} if found else {}


def thread(outgoing: Outgoing) -> dict[str, str]:
    """Return what makes programs show this mail with the others about the same."""
    if not outgoing.thread or outgoing.digest:
        return {}
    found = thread_id(outgoing.thread)
    return {"In-Reply-To": found, "References": found}


def unsubscribe(url: str) -> dict[str, str]:
    """Return what puts "Unsubscribe" beside the sender (RFC 8058), which wants encryption."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or parts.hostname in OWN_HOSTS
    if not is_safe or len(url) > URL_LENGTH:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
