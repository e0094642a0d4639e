"""What it means that a mail was not taken: for good or for now, and whether the address is to blame.

For good is what a server says of this recipient or this message. Whatever an operator can mend (a login, a name, a
certificate, the sender) is for now: nothing may be lost by it.
"""

import re
import smtplib
from base64 import b64encode

from django.conf import settings

from engagement.mail import provider
from engagement.mail.mail import Mail
from engagement.outgoing import DeliveryError

ANSWER_LENGTH = 1_000
#: The mailbox is not there, not local, or no name of one (RFC 5321, 4.2.3).
NO_SUCH_MAILBOX = {550, 551, 553}
#: Whoever we are, we have not logged in as the server wants it (RFC 4954).
NOT_LOGGED_IN = {530, 534, 535, 538}
#: Of the sender, which Postfix looks at only when it has heard the recipient; or that the mailbox is full (RFC 3463).
NOT_THE_ADDRESS = {"5.1.7", "5.1.8", "5.2.2"}
#: RFC 3463: class, subject, detail.
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
SHORTEST_SECRET = 4


def meaning(error: Exception, mail: Mail) -> DeliveryError | None:
    """Return what an error of a backend means to the mail; None if it is of no kind that a delivery knows of."""
    found = error if isinstance(error, DeliveryError) else provider.meaning(error, mail) or _meaning(error)
    if found is not None:
        found.answer = printable(found.answer)
        found.args = (found.answer,)
    return found


def _meaning(error: Exception) -> DeliveryError | None:
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _of_recipient(*next(iter(error.recipients.values())))
        case smtplib.SMTPDataError():
            return _of_message(error.smtp_code, error.smtp_error)
        case smtplib.SMTPResponseException():
            return DeliveryError(text_of(error.smtp_code, error.smtp_error))
        case OSError():
            return DeliveryError(f"{type(error).__name__}: {error}")
    return None


def _of_recipient(code: int, said: bytes | str) -> DeliveryError:
    """Return what an answer to RCPT means. 5.7 is about us: a relay, a policy, a sender that is not the login's."""
    text = text_of(code, said)
    is_final = _is_final(code, text) and not _enhanced(text).startswith("5.7.")
    return DeliveryError(text, permanent=is_final, suppress=is_final and code in NO_SUCH_MAILBOX)


def _of_message(code: int, said: bytes | str) -> DeliveryError:
    """Return what an answer to DATA means: of the message, unless it says that the address is bad."""
    text = text_of(code, said)
    is_final = _is_final(code, text)
    return DeliveryError(text, permanent=is_final, suppress=is_final and _enhanced(text).startswith("5.1."))


def codes_of(error: BaseException) -> list[int]:
    """Return with which codes a server refused a message and went on; none for any other error."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _said in error.recipients.values()]
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return [error.smtp_code]
    return []


def text_of(code: int, said: bytes | str) -> str:
    """Return an answer as the server wrote it, but in one line."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return printable(f"{code} {text}")


def printable(text: str) -> str:
    """Return an answer that can be shown to operators: bounded, printable, and without what we log in with."""
    for secret in _secrets():
        text = text.replace(secret, "***")
    plain = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(plain.split())[:ANSWER_LENGTH]


def _is_final(code: int, text: str) -> bool:
    is_for_now = code in NOT_LOGGED_IN or _enhanced(text) in NOT_THE_ADDRESS
    return 500 <= code < 600 and not is_for_now


def _enhanced(text: str) -> str:
    found = ENHANCED.match(text[4:])
    return found.group() if found else ""


def _secrets() -> list[str]:
    """Return what a server might quote: the password, as it is and as it is sent."""
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    sent = [password, f"\0{user}\0{password}"] if password else []
    encoded = [b64encode(each.encode()).decode() for each in sent]
    return [each for each in [*encoded, password, *provider.secrets()] if len(each) >= SHORTEST_SECRET]
