"""Providers of one's own, for the tests."""

from typing import ClassVar

from engagement.outgoing import Outgoing, Sent
from engagement.sms import SmsProvider


class Pigeon(SmsProvider):
    """Keeps what it is given; it is configured when the tests say so."""

    name = "pigeon"
    needs: ClassVar[tuple[str, ...]] = ("TEST_PIGEON_LOFT", "TEST_PIGEON_SEED")
    given: ClassVar[list[tuple[str, str, Outgoing]]] = []

    def send(self, number: str, text: str, message: Outgoing) -> Sent:
        self.given.append((number, text, message))
        return Sent("coo", provider_id="7")


class Counting(Pigeon):
    """Says itself how many messages a text became, and reaches two countries."""

    needs = ()
    country_codes = frozenset({977, 1})

    def send(self, number: str, text: str, message: Outgoing) -> Sent:
        return Sent("coo", segments=3)


class Unfinished(SmsProvider):
    """Cannot send."""

    name = "unfinished"


class Loft:
    """No provider at all."""
