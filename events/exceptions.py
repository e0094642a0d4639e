"""What the bus raises, and what handlers raise to tell it what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class Cancel(Exception):
    """Raised by a handler: this work has become pointless. It is cancelled, with the reason, and not retried."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class RetryLater(Exception):
    """Raised by a handler: not now. The work is done again after so many seconds; that is no failure."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        self.seconds, self.reason = seconds, reason
        super().__init__(reason or f"again in {seconds} s")


class NotYetKnown(RetryLater):
    """This process does not know the handler, event type or version; a newer one will (rolling deploy)."""

    SECONDS = 60

    def __init__(self, what: str) -> None:
        super().__init__(
            self.SECONDS,
            f"{what} is not known to this process. If it is new, restart the workers: they load the code at start.",
        )


class LeaseLost(Exception):
    """The lease ran out and the work was given to somebody else: what was begun here is rolled back."""


class EventError(Exception):
    """Something is wrong with an event type, a payload or a subscription."""


class UnknownEventType(EventError, LookupError):
    """No such event type is registered."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        near = get_close_matches(name, list(known), n=3)
        hint = (
            f"Did you mean {' or '.join(near)}?" if near else "Register it in the events.py of a capability."
        )
        super().__init__(f"There is no event type {name!r}. {hint}")


class UnknownHandler(EventError, LookupError):
    """No such handler is registered."""


class AlreadyRegistered(EventError):
    """Two event types, handlers or notifiers have the same name."""

    def __init__(self, kind: str, name: str, first: str, second: str) -> None:
        super().__init__(f"The {kind} {name!r} is declared twice: in {first} and in {second}. Rename one.")


class InvalidEventType(EventError, ValueError):
    """An event type is declared wrongly."""


class InvalidPayload(EventError, ValueError):
    """The payload does not fit its event type; nothing was written."""

    def __init__(self, name: str, problems: Iterable[str]) -> None:
        super().__init__(f"Wrong payload for {name!r}: {'; '.join(problems)}")


class NotPublished(EventError):
    """The envelope of a payload was asked for before the payload was published."""
