"""Channels whose endpoints are stored, of these tests: what is sent by them stays here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError

from capabilities.people.models import Person
from engagement.channels import channels
from engagement.channels.base import Connection, Outgoing, Sent, Stored
from engagement.models import Endpoint
from engagement.registration import add, register_device
from engagement.webhook import new_secret


class _Kept(Connection):
    def __init__(self, sent: list[Outgoing]) -> None:
        self._sent = sent

    def send(self, message: Outgoing) -> Sent:
        self._sent.append(message)
        return Sent("Taken.")


class _Own(Stored):
    is_set_up = True

    def __init__(self) -> None:
        #: What has arrived at the far end.
        self.sent: list[Outgoing] = []

    def configured(self) -> bool:
        return self.is_set_up

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield _Kept(self.sent)


class Push(_Own):
    """Devices."""

    name, label = "push", "Push"
    endpoint_label = "Device"
    is_entered = False
    kinds = ("token", "fid")

    def shown(self, value: str) -> str:
        return f"…{value[-4:]}"


class Sms(_Own):
    """Numbers."""

    name, label = "sms", "SMS"
    endpoint_label, placeholder = "Mobile number", "+977 98…"
    is_verified = True

    def clean(self, value: str, kind: str = "") -> str:
        found = value.replace(" ", "")
        if not found.startswith("+"):
            raise ValidationError("Enter the number with its country code.", code="invalid")
        return found


class Webhook(_Own):
    """Addresses of programs."""

    name, label = "webhook", "Webhook"
    endpoint_label = "Address"
    hint = "A program of yours gets each notification there."
    is_signed = True
    is_heard = False

    def new_secret(self) -> str:
        return new_secret()


def set_up(monkeypatch: Any) -> tuple[Push, Sms, Webhook]:
    """Let there be these channels during a test, whichever there are else."""
    made = Push(), Sms(), Webhook()
    for channel in made:
        monkeypatch.setitem(channels(), channel.name, channel)
    return made


def device_of(person: Person, value: str = "token-0001", **fields: Any) -> Endpoint:
    return register_device(person, "push", value, **fields)


def number_of(person: Person, value: str = "+9779812345678") -> Endpoint:
    return add(person, "sms", value)


def hook_of(person: Person, value: str = "https://example.org/hook") -> Endpoint:
    return add(person, "webhook", value)
