"""Event types that exist only under test settings."""

from datetime import datetime
from typing import Annotated

from events.bus import Payload, Priority, Secret, event_type


@event_type("test.pinged", "Pinged", category="test", test_only=True)
class Pinged(Payload):
    """Something was pinged; one handler notes it."""

    note: str = ""
    seconds: float = 0


@event_type("test.hurried", "Hurried", category="test", priority=Priority.URGENT, test_only=True)
class Hurried(Payload):
    """Something urgent was pinged."""

    note: str = ""


@event_type("test.forked", "Forked", category="test", test_only=True)
class Forked(Payload):
    """Three handlers: two take their time and succeed, one always fails."""

    seconds: float = 0


@event_type("test.doubled", "Doubled", category="test", test_only=True)
class Doubled(Payload):
    """Two handlers that each take so many seconds."""

    seconds: float = 0


@event_type("test.poisoned", "Poisoned", category="test", test_only=True)
class Poisoned(Payload):
    """The handler ends its process if this is poison."""

    poison: bool = False


@event_type("test.stalled", "Stalled", category="test", test_only=True)
class Stalled(Payload):
    """The handler sleeps in the database."""

    seconds: float


@event_type("test.ordered", "Ordered", category="test", test_only=True)
class Ordered(Payload):
    """Events of one key are handled one after the other."""

    key: str
    number: int = 0
    fail: bool = False

    def ordered_by(self) -> str:
        """Return the key."""
        return self.key


@event_type("test.whispered", "Whispered", category="test", test_only=True)
class Whispered(Payload):
    """A secret was told."""

    code: Annotated[str, Secret()]
    fail: bool = False
    outcome: str = ""


@event_type("test.awaited", "Awaited", category="test", test_only=True)
class Awaited(Payload):
    """The handler is a coroutine function."""

    note: str = ""


@event_type("test.chained", "Chained", category="test", test_only=True)
class Chained(Payload):
    """The handler publishes test.pinged."""

    note: str = ""


@event_type("test.unheard", "Unheard", category="test", test_only=True)
class Unheard(Payload):
    """Nobody listens."""


@event_type("test.told", "Told", category="test", test_only=True)
class Told(Payload):
    """The people with these primary keys hear of it, in one wording for all."""

    people: list[int]
    name: str = "Kite"
    url: str = "/products/1/"


@event_type("test.told_personally", "Told personally", category="test", test_only=True)
class ToldPersonally(Payload):
    """The same, in a wording that names each person."""

    people: list[int]
    name: str = "Kite"


@event_type("test.told_badly", "Told badly", category="test", test_only=True)
class ToldBadly(Payload):
    """The same, without a wording."""

    people: list[int]
    url: str = "/products/1/"


@event_type("test.told_everybody", "Told everybody", category="test", test_only=True)
class ToldEverybody(Payload):
    """Every active person hears of it."""

    name: str = "Kite"


@event_type("test.met", "Met", category="test", aliases=("meeting",), test_only=True)
class Met(Payload):
    """These people met at a moment."""

    people: list[int]
    at: datetime
