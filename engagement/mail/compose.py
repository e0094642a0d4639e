"""From a message to a mail: its subject and headers, and the layout around its text, as plain text and as HTML."""

import re
import zoneinfo
from datetime import tzinfo
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from engagement.conf import conf
from engagement.mail import gathered
from engagement.mail.headers import headers, kind
from engagement.mail.line import PREHEADER_LENGTH, address, line, lines, literal, mailbox, web
from engagement.mail.mail import Mail
from engagement.outgoing import Outgoing

#: Programs show 40 to 120 characters of it.
SUBJECT_LENGTH = 200
BLANK_LINES = re.compile(r"\n{3,}")


def compose(outgoing: Outgoing) -> Mail:
    """Return the mail, in the person's language and time zone; raise DeliveryError if it cannot be addressed."""
    to = mailbox(outgoing.person, address(outgoing.endpoint))
    with (
        translation.override(outgoing.language or settings.LANGUAGE_CODE),
        timezone.override(_zone(outgoing)),
    ):
        subject, text, html = _texts(outgoing)
    mail = Mail(
        literal(line(subject, SUBJECT_LENGTH)),
        text,
        conf.from_email,
        [to],
        headers=headers(outgoing),
    )
    mail.attach_alternative(html, "text/html")
    mail.metadata, mail.tags = {"message_id": outgoing.message_id}, [kind(outgoing)]
    return mail


def _texts(outgoing: Outgoing) -> tuple[str, str, str]:
    """Return the subject, the plain text and the HTML."""
    own = gathered.context(outgoing.digest) if outgoing.digest else _context(outgoing)
    values = _frame(outgoing) | own
    name = f"engagement/mail/{'digest' if outgoing.digest else 'notification'}"
    text, html = (render_to_string(f"{name}.{ending}", values) for ending in ("txt", "html"))
    return values["subject"], BLANK_LINES.sub("\n\n", text).strip() + "\n", html


def _frame(outgoing: Outgoing) -> dict[str, Any]:
    """Return what is around every mail."""
    return {
        "site": conf.site_name,
        "language": translation.get_language(),
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "reason": line(outgoing.reason),
        "why_url": web(outgoing.why_url),
        "preferences_url": web(outgoing.preferences_url),
        "unsubscribe_url": web(outgoing.unsubscribe_url),
    }


def _context(outgoing: Outgoing) -> dict[str, Any]:
    """Return what is particular to a single notification."""
    return {
        "subject": line(outgoing.title),
        "preheader": line(outgoing.message, PREHEADER_LENGTH),
        "title": line(outgoing.title),
        "message": lines(outgoing.message),
        "url": web(outgoing.url),
    }


def _zone(outgoing: Outgoing) -> tzinfo:
    """Return the person's time zone; the installation's for none, or one that has since been dropped."""
    try:
        return (
            zoneinfo.ZoneInfo(outgoing.time_zone) if outgoing.time_zone else timezone.get_default_timezone()
        )
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return timezone.get_default_timezone()
