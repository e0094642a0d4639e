"""What a channel is, and what passes through one that leaves the house."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import ClassVar

from django.utils.functional import Promise

from engagement.decide import Medium
from engagement.outgoing import DeliveryError, DigestContent, DigestItem, Outgoing, Sent

__all__ = [
    "Channel",
    "Connection",
    "DeliveryError",
    "DigestContent",
    "DigestItem",
    "Outbound",
    "Outgoing",
    "Sent",
]


class Channel(ABC):
    """One medium. A module of this folder makes one instance of a subclass and calls it `channel`."""

    #: What preferences, wordings and outcomes call it.
    name: ClassVar[str]
    #: What people call it.
    label: ClassVar[str | Promise]
    #: Whether a notification on it is a row in the inbox, rather than a message that leaves the house.
    is_inbox: ClassVar[bool] = False
    #: Whether its messages can be collected into digests, or wait to be read in the inbox instead.
    can_wait: ClassVar[bool] = False

    @abstractmethod
    def configured(self) -> bool:
        """Tell whether it can be used as this installation is set up."""

    def no_endpoint_sql(self, person: str) -> str:
        """Return an SQL condition on the row of a person (an alias): there is nowhere to reach them."""
        return "FALSE"

    def suppressed_sql(self, person: str) -> str:
        """Return an SQL condition on the row of a person: wherever they could be reached must not be used."""
        return "FALSE"

    def medium(self) -> Medium:
        """Return what decisions need to know of it."""
        return Medium(self.name, self.configured(), self.is_inbox, self.can_wait)


class Connection(ABC):
    """The way to the far end, for the messages of one turn; made when it is first needed, and again when it broke."""

    @abstractmethod
    def send(self, message: Outgoing) -> Sent:
        """Hand over one message and return the answer; raise DeliveryError."""


class Outbound(Channel):
    """A channel that leaves the house."""

    @abstractmethod
    def connect(self) -> AbstractContextManager[Connection]:
        """Return the connection for a turn; entering costs nothing, leaving closes what was opened."""

    @abstractmethod
    def endpoint_sql(self, person: str) -> str:
        """Return an SQL expression on the row of a person: where they are reached."""

    def message_id(self, key: str) -> str:
        """Return the id of a message, around a key that no other has."""
        return f"msg_{key}"
