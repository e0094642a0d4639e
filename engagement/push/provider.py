"""Who brings messages to devices."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from engagement.outgoing import Outgoing, Sent


class PushProvider(ABC):
    """One way to devices. There is one instance in a process, which all its threads share."""

    #: What operators call it.
    name: ClassVar[str]
    #: Seconds after each failed attempt until the next; None: those of all work.
    retries: ClassVar[Sequence[float] | None] = None

    @abstractmethod
    def configured(self) -> bool:
        """Tell whether it can be used as this installation is set up."""

    def problem(self) -> str:
        """Return what is wrong with its settings, in a sentence for operators without any secret; empty for nothing."""
        return ""

    @abstractmethod
    def send(self, message: Outgoing) -> Sent:
        """Hand over one message for one device, in one HTTP request, and return the answer; raise DeliveryError.

        Either is done within 0.4 of a lease (36 s), or others may have the message before this one is done.
        """
