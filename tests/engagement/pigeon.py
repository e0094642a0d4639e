"""A channel with endpoints in the table, which carries everything nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from capabilities.people.models import Person
from engagement.channels.base import Connection, Outgoing, Sent, Stored
from engagement.models import Endpoint


class PigeonConnection(Connection):
    """Takes whatever it is given."""

    def send(self, message: Outgoing) -> Sent:
        """Say that it is on its way."""
        return Sent("It has left.", segments=2)


class Pigeons(Stored):
    """To dovecotes; of their names only the end is shown."""

    name = "pigeon"
    label = "Pigeon"
    endpoint_label = "Dovecote"
    is_signed = True
    #: What a test says that is missing.
    missing = ""

    def configured(self) -> bool:
        """Tell whether nothing is missing."""
        return not self.missing

    def lacks(self) -> str:
        """Return what is missing."""
        return self.missing

    def provider_name(self) -> str:
        """Return the breed."""
        return "racing homer"

    def shown(self, value: str) -> str:
        """Return the end."""
        return f"…{value[-4:]}"

    def clean(self, value: str, kind: str = "") -> str:
        """Leave out the spaces."""
        return value.replace(" ", "")

    def preview(self, message: Outgoing) -> str:
        """Return what is written on the slip."""
        return f"SLIP {message.title}"

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Return a way."""
        yield PigeonConnection()


class TextPigeons(Pigeons):
    """The same instead of text messages, of which the admin has pages."""

    name = "sms"


def dovecote(person: Person, value: str = "a-secret-dovecote", **fields: Any) -> Endpoint:
    """Return an endpoint of a person's, which is in use."""
    known = {"channel": "pigeon", "verified_at": timezone.now()}
    return Endpoint.objects.create(person=person, value=value, **known | fields)
