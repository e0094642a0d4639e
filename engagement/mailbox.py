"""Where a person's mails go, and whether they may."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Value
from django.db.models.functions import Lower

from engagement.models import Suppression
from engagement.standing import EMAIL


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address; empty if there is none."""

    address: str
    #: Why no mail is sent to it; None if mails are.
    suppression: Suppression | None

    @property
    def is_usable(self) -> bool:
        """Whether mails can be sent to it."""
        return bool(self.address) and self.suppression is None

    @property
    def masked(self) -> str:
        """What its owner recognises and others do not: "a…@example.org"; empty for no address."""
        name, at, host = self.address.rpartition("@")
        return f"{name[:1]}…{at}{host}" if at else ""


def address_of(person: Any) -> str:
    """Return the address; empty if there is none, or none in the user model."""
    name = getattr(get_user_model(), "EMAIL_FIELD", "") or "email"
    return str(getattr(person, name, "") or "")


def mailbox_of(person: Any) -> Mailbox:
    """Return where mails for a person go, in one query."""
    address = address_of(person)
    # The database's lower(), as where it is decided.
    found = Suppression.objects.filter(channel=EMAIL, endpoint=Lower(Value(address))).first()
    return Mailbox(address, found)
