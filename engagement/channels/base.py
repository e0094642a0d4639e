"""What a channel is."""

from abc import ABC, abstractmethod
from typing import ClassVar

from django.utils.functional import Promise

from engagement.decide import Medium


class Channel(ABC):
    """One medium. A module of this folder makes one instance of a subclass and calls it `channel`."""

    #: What preferences, wordings and outcomes call it.
    name: ClassVar[str]
    #: What people call it.
    label: ClassVar[str | Promise]
    #: Whether a notification on it is a row in the inbox, rather than a message that leaves the house.
    is_inbox: ClassVar[bool] = False

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
        return Medium(self.name, self.configured(), self.is_inbox)
