"""A company that sends text messages. A new one is a subclass, named by its path in ENGAGEMENT_SMS_PROVIDER."""

from abc import ABC, abstractmethod
from typing import ClassVar

from django.conf import settings

from engagement.outgoing import Outgoing, Sent


class SmsProvider(ABC):
    """Made anew for each message, without arguments: what it knows is in the settings."""

    #: What messages to operators call it.
    name: ClassVar[str]
    #: The Django settings without which it is not configured.
    needs: ClassVar[tuple[str, ...]] = ()
    #: The calling codes of the countries that it reaches; empty for all.
    country_codes: ClassVar[frozenset[int]] = frozenset()

    def configured(self) -> bool:
        """Tell whether it can be used."""
        return all(getattr(settings, name, "") for name in self.needs)

    @abstractmethod
    def send(self, number: str, text: str, message: Outgoing) -> Sent:
        """Hand over a text for a number (E.164), in one attempt within 36 s; raise DeliveryError.

        `message` is what the text was made of. The answer, and what is logged, must have neither the number in it nor
        what one logs in with.
        """
