"""The mail backend of the demo."""

from collections.abc import Sequence
from email.utils import parseaddr

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from project.mailbox import box
from project.tryit import outage


class EmailBackend(BaseEmailBackend):
    """Puts each mail into the mailbox, once for each recipient, as their mail servers would."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the messages; return how many there were; raise if the server is out of order."""
        if outage.seconds_left("email"):
            raise ConnectionRefusedError(outage.SAID)
        for message in email_messages:
            content = message.message().as_bytes()
            for recipient in message.recipients():
                box.deliver(_address(recipient), _address(message.from_email), content)
        box.forget_old()
        return len(email_messages)


def _address(text: str) -> str:
    """Return the address alone, in one line: it becomes a header."""
    return " ".join((parseaddr(text)[1] or text).split())
