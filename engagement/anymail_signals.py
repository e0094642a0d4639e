"""The signals of django-anymail, if it is installed: what its webhooks were told by the provider.

An exception is let through: the webhook answers with an error, and the provider tries again later.
"""

import re
from typing import Any

from anymail.signals import (  # type: ignore[import-untyped]
    AnymailTrackingEvent,
    EventType,
    RejectReason,
    tracking,
)

from engagement.feedback import Signal, received

#: "Rejected or blocked by the receiving server". Its reasons that say nothing of the address (given up after delays;
#: blocked, or taken for spam, by policy) are no cause to write to it no more.
BOUNCED = {
    None: Signal.BOUNCED,
    RejectReason.BOUNCED: Signal.BOUNCED,
    RejectReason.INVALID: Signal.BOUNCED,
}
#: "The provider refused to send the message": for the address, or because the person is on one of its lists.
REJECTED = {
    RejectReason.BOUNCED: Signal.BOUNCED,
    RejectReason.INVALID: Signal.BOUNCED,
    RejectReason.SPAM: Signal.COMPLAINED,
    RejectReason.UNSUBSCRIBED: Signal.UNSUBSCRIBED,
}
#: The others are as they are called; "failed" is that the provider could not send it, for which no address is to blame.
KINDS = {
    EventType.DELIVERED: Signal.DELIVERED,
    EventType.COMPLAINED: Signal.COMPLAINED,
    EventType.UNSUBSCRIBED: Signal.UNSUBSCRIBED,
    EventType.FAILED: Signal.FAILED,
}
#: What providers call a bounce of a full mailbox, or of a server that is away; anymail has no word for it.
SOFT = re.compile(r"soft|transient|undetermined|blocked", re.IGNORECASE)
#: The class of the first status in a server's answer, 5.1.1 or 550 (RFC 3463, RFC 5321); no part of an IP address.
STATUS = re.compile(r"(?<![\d.])([245])(?:\.\d{1,3}\.\d{1,3}|\d\d)(?!\d|\.\d)")
#: Of a persistent transient failure.
TRANSIENT = "4"


def connect() -> None:
    """Listen."""
    tracking.connect(on_tracking, dispatch_uid="engagement")


def on_tracking(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    """Pass on what was told of a message; our mails have their Message-ID in the metadata."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    kind = kind_of(event)
    if kind is not None:
        received(
            kind,
            message_id=str(metadata.get("message_id") or ""),
            provider_id=str(event.message_id or ""),
            address=event.recipient or "",
            event_id=f"{esp_name} {event.event_id or ''}".strip(),
            detail=event.mta_response or event.description or "",
        )


def kind_of(event: AnymailTrackingEvent) -> Signal | None:
    """Return what an event means to us; None if it is not listened to: delayed, opened, clicked."""
    if event.event_type == EventType.REJECTED:
        return REJECTED.get(event.reject_reason, Signal.FAILED)
    if event.event_type == EventType.BOUNCED:
        return Signal.FAILED if _is_soft(event) else BOUNCED.get(event.reject_reason, Signal.FAILED)
    return KINDS.get(event.event_type)


def _is_soft(event: AnymailTrackingEvent) -> bool:
    """Tell whether the next message may arrive: as the provider calls it, or the receiving server's answer says.

    Postmark, Brevo, Mandrill, MailerSend and SendGrid name it in one of these fields, Mailjet in one of its own,
    Amazon in the description.
    """
    told = event.esp_event if isinstance(event.esp_event, dict) else {}
    names = [str(told.get(name) or "") for name in ("Type", "event", "type")]
    first_word = (event.description or "").partition(":")[0]
    status = STATUS.search(event.mta_response or "")
    return (
        any(SOFT.search(name) for name in names)
        or SOFT.fullmatch(first_word) is not None
        or told.get("hard_bounce") is False
        or (status is not None and status[1] == TRANSIENT)
    )
