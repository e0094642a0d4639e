"""No provider: text messages go into the log, for those who develop.

What may be a secret (a one-time code) never does, whatever DEBUG says: logs are kept, and read by others. Who develops
needs to see it all the same, so with DEBUG it is printed, which nobody collects.
"""

import logging
import sys

from django.conf import settings

from engagement.outgoing import Outgoing, Sent
from engagement.sms.number import masked_number, shown_number
from engagement.sms.provider import SmsProvider
from events.bus import EventTypes

logger = logging.getLogger(__name__)

MASK = "***"


class Console(SmsProvider):
    """One line of the log for each message."""

    name = "console"

    def send(self, number: str, text: str, message: Outgoing) -> Sent:
        """Log it, and print what the log must not have."""
        is_secret = _may_be_secret(message.event_type)
        logger.info("SMS to %s: %s", masked_number(number), MASK if is_secret else " ".join(text.split()))
        if is_secret and settings.DEBUG:
            sys.stdout.write(f"SMS to {shown_number(number)}:\n{text}\n")
            sys.stdout.flush()
        return Sent("Logged, and sent to nobody.")


def _may_be_secret(event_type: str) -> bool:
    """Tell so of an event with sensitive fields, and of what is no known event: a code that proves a number."""
    found = EventTypes.get(event_type)
    return found is None or bool(found.sensitive)
