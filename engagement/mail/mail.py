"""A mail as bytes."""

from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.policy import Compat32
from typing import Any

from django.core.mail import EmailMultiAlternatives

#: Short lines whatever the text: servers refuse those over 998 octets, or wrap them, which breaks signatures.
ENCODING = Charset("utf-8")
ENCODING.body_encoding = QP


class Unbroken(Compat32):
    """Leaves a header that is a single word on the line of its name.

    Too long for 78 characters, Python moves it to a line of its own, and not every program looks for an identifier or
    an address for unsubscribing there.
    """

    def fold(self, name: str, value: str) -> str:
        """Return a header with the end of its line, for text."""
        return f"{name}: {value}{self.linesep}" if _is_word(value) else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the same for bytes."""
        return self.fold(name, value).encode() if _is_word(value) else super().fold_binary(name, value)


class Mail(EmailMultiAlternatives):
    """Plain text and HTML, and what django-anymail's backends pass on, so that providers tell of which mail they speak.

    Postmark takes 80 characters as metadata, which is a Message-ID at a host of 45.
    """

    encoding = ENCODING
    metadata: dict[str, str]
    tags: list[str]

    def message(self, **options: Any) -> Any:
        """Return it for those backends that send it as it is."""
        found: Message = super().message(**options)
        found.policy = Unbroken()
        found.replace_header("Subject", self._subject())
        return found

    def _subject(self) -> str:
        """Return it encoded, so that it begins on the line of its name; Django does not leave room for that."""
        subject = str(self.subject)
        return Header(subject, None if subject.isascii() else ENCODING, header_name="Subject").encode()


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and len(value.split()) == 1
