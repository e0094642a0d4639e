"""What a channel is, and what passes through one that leaves the house."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext

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
    "Stored",
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
    #: Whether somebody hears it, so that it waits for the end of their quiet hours.
    is_heard: ClassVar[bool] = True

    @abstractmethod
    def configured(self) -> bool:
        """Tell whether it can be used as this installation is set up."""

    def lacks(self) -> str:
        """Return what operators have to do before it can be used, in a sentence; empty if it can."""
        return "" if self.configured() else gettext("It is not set up.")

    def provider_name(self) -> str:
        """Return the company or protocol behind it, if the installation has a choice."""
        return ""

    def medium(self) -> Medium:
        """Return what decisions need to know of it."""
        return Medium(self.name, self.configured(), self.is_inbox, self.can_wait, self.is_heard)


class Connection(ABC):
    """The way to the far end, for the messages of one turn; made when it is first needed, and again when it broke."""

    @abstractmethod
    def send(self, message: Outgoing) -> Sent:
        """Hand over one message, in one attempt, and return the answer; raise DeliveryError.

        Either is done within 0.4 of a lease (36 s), or others may have the message before this one is done.
        """


class Outbound(Channel):
    """A channel that leaves the house."""

    #: How many messages one worker process may have on their way at the same time, each in a thread of its own.
    threads: ClassVar[int] = 1
    #: Seconds after each failed attempt until the next, where the settings say nothing; used up, it is dead. None: as
    #: for all work.
    retries: Sequence[float] | None = None
    #: Whether an endpoint that took nothing in all attempts at a message is used no longer.
    gives_up: ClassVar[bool] = False

    @abstractmethod
    def connect(self) -> AbstractContextManager[Connection]:
        """Return the connection for a turn; entering costs nothing, leaving closes what was opened."""

    @abstractmethod
    def endpoint_sql(self, person: str) -> str:
        """Return an SQL expression on the row of a person (an alias): where they are reached, or NULL."""

    @abstractmethod
    def suppressed_sql(self, person: str) -> str:
        """Return an SQL condition on the row of a person: where they could be reached must not be used."""

    def preview(self, message: Outgoing) -> str:
        """Return what would be handed over, for operators to read; empty if that is the texts and nothing else."""
        return ""

    def message_id(self, key: str) -> str:
        """Return the id of a message, around a key that no other has."""
        return f"msg_{key}"


class Stored(Outbound):
    """A channel whose endpoints are rows of the table Endpoint; a person may have several."""

    #: What a person's page calls an endpoint, and what is to be entered there: "+977 98..."; and what it is good for.
    endpoint_label: ClassVar[str | Promise]
    placeholder: ClassVar[str] = ""
    hint: ClassVar[str | Promise] = ""
    #: Whether people enter endpoints on their page; else a program registers them (devices).
    is_entered: ClassVar[bool] = True
    #: Whether an endpoint counts only when its owner has entered a code that was sent to it.
    is_verified: ClassVar[bool] = False
    #: Whether messages are signed with a secret of the endpoint's own.
    is_signed: ClassVar[bool] = False
    #: Of several sorts of endpoint their names, the usual first.
    kinds: ClassVar[tuple[str, ...]] = ("",)

    def clean(self, value: str, kind: str = "") -> str:
        """Return an endpoint as it is stored and compared, from what somebody entered; raise ValidationError."""
        return value.strip()

    def shown(self, value: str) -> str:
        """Return an endpoint as its owner and operators see it."""
        return value

    def new_secret(self) -> str:
        """Return with what messages to a new endpoint are signed; nothing, unless `is_signed`."""
        return ""

    def endpoint_sql(self, person: str) -> str:
        """Return nothing: of several there is none that is the person's."""
        return "NULL::text"

    def suppressed_sql(self, person: str) -> str:
        """Return nothing: each endpoint is asked by itself."""
        return "FALSE"
