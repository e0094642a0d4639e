"""What django-anymail's backends say, if EMAIL_BACKEND is one: it need not be installed."""

import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

from engagement.mail.mail import Mail
from engagement.outgoing import DeliveryError, Sent

PROVIDER_ID_LENGTH = 255
#: Answers of an HTTP API that are about this message: it cannot be read, is too long, or says what must not be.
#: Others of 4xx are about the account, the address of the API or its mood.
ABOUT_THE_MESSAGE = {400, 406, 410, 411, 413, 414, 415, 422, 431, 451}
#: Nobody is asked to wait for longer.
LONGEST_WAIT_SECONDS = 86_400.0
SECRET_NAMES = ("KEY", "SECRET", "TOKEN", "PASSWORD")


def hand_over(backend: BaseEmailBackend, mail: Mail) -> int | None:
    """Have any backend send a mail; return what it does, which should be a number of mails.

    Some providers have no place for metadata, by which we know of which mail they speak: then their own id must do.
    Their backends refuse such a mail before anybody is asked, unless ANYMAIL_IGNORE_UNSUPPORTED_FEATURES is set.
    """
    try:
        return backend.send_messages([mail])
    except _unsupported():
        del mail.metadata, mail.tags
    return backend.send_messages([mail])


def sent(mail: Mail) -> Sent | None:
    """Return what the provider said of a mail; None if it was not sent by such a backend.

    Raise DeliveryError if it was taken but will not be sent, of which ANYMAIL_IGNORE_RECIPIENT_STATUS says nothing.
    """
    status = getattr(mail, "anymail_status", None)
    if status is None:
        return None
    refused = _refused(mail)
    if refused is not None:
        raise refused
    ids = [each.message_id for each in status.recipients.values() if each.message_id is not None]
    said = ", ".join(sorted(str(each) for each in status.status or ()))
    return Sent(
        f"{said or 'taken'} by {settings.EMAIL_BACKEND}", str(ids[0])[:PROVIDER_ID_LENGTH] if ids else ""
    )


def meaning(error: Exception, mail: Mail) -> DeliveryError | None:
    """Return what one of its errors means; None if it is not one, or one of how the project uses it."""
    known: Any = sys.modules.get("anymail.exceptions")
    if known is None:
        return None
    if isinstance(error, known.AnymailRecipientsRefused):
        return _refused(mail) or DeliveryError(str(error), permanent=True)
    if isinstance(error, known.AnymailInvalidAddress):
        # It is asked about the sender as well, whom an operator can mend.
        return DeliveryError(str(error), permanent="from_email" not in str(error))
    if isinstance(error, known.AnymailAPIError):
        return _of_api(error)
    return None


def secrets() -> list[str]:
    """Return what such a backend logs in with."""
    found: dict[str, Any] = getattr(settings, "ANYMAIL", {})
    return [
        value
        for name, value in found.items()
        if isinstance(value, str) and any(each in name.upper() for each in SECRET_NAMES)
    ]


def _unsupported() -> tuple[type[Exception], ...]:
    """Return what its backends raise for what a provider has no place for; nothing if it is not there."""
    known: Any = sys.modules.get("anymail.exceptions")
    return (known.AnymailUnsupportedFeature,) if known else ()


def _refused(mail: Mail) -> DeliveryError | None:
    """Return what the provider has against the recipient.

    "rejected" is its own list of whom not to write to, from which an operator can take an address: so it is not put on
    ours as well.
    """
    status: Any = getattr(mail, "anymail_status", None)
    for each in status.recipients.values() if status is not None else ():
        if each.status in {"invalid", "rejected", "failed"}:
            said = getattr(status.esp_response, "text", "")
            return DeliveryError(
                f"{each.status} by {settings.EMAIL_BACKEND}: {said}",
                permanent=each.status != "failed",
                suppress=each.status == "invalid",
            )
    return None


def _of_api(error: Any) -> DeliveryError:
    """Return what the answer of an HTTP API means; without one (nobody there, too late) it is for now."""
    headers = getattr(error.response, "headers", None) or {}
    return DeliveryError(
        str(error),
        permanent=error.status_code in ABOUT_THE_MESSAGE,
        retry_after=_seconds(str(headers.get("Retry-After", ""))),
    )


def _seconds(text: str) -> float | None:
    """Return for how long a Retry-After asks us to wait: seconds, or a date (RFC 9110)."""
    if text.isdecimal():
        return min(float(text), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)
