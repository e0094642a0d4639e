"""What the bus raises, and what handlers raise to tell it what to do."""

from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches

#: What RetryLater takes, in seconds: no busy loop, and no date that PostgreSQL or Python could not hold.
SHORTEST, LONGEST = 0.1, timedelta(days=36_500).total_seconds()


def text_of(value: object) -> str:
    """Return str(value), whatever it is: what tells of a failure must not fail in its turn."""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - anybody's code
        return f"<{type(value).__name__} whose text cannot be had: {type(error).__name__}>"


class Cancel(Exception):
    """Raised by a handler: this work has become pointless. It is cancelled, with the reason, and not retried."""

    def __init__(self, reason: object) -> None:
        self.reason = text_of(reason)
        super().__init__(self.reason)


class RetryLater(Exception):
    """Raised by a handler: not now. The work is done again after so many seconds, or a timedelta; that is no failure.

    Raises TypeError or ValueError for what is no such time, and that is one.
    """

    def __init__(self, seconds: float | timedelta, reason: object = "") -> None:
        self.seconds, self.reason = _pause(seconds), text_of(reason)
        super().__init__(self.reason or f"again in {self.seconds} s")


def _pause(given: float | timedelta) -> float:
    """Return the seconds, at least SHORTEST; raise for what no clock can wait for. NaN fails any comparison."""
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if not isinstance(seconds, (int, float)):
        raise TypeError(f"RetryLater takes seconds or a timedelta, not a {type(given).__name__}.")
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"RetryLater takes from 0 to {LONGEST:.0f} seconds, not {text_of(given)}.")
    return max(SHORTEST, seconds)


class GiveUp(Exception):
    """Raised by work that has failed for good: no other attempt would succeed. It is dead at once, with the reason."""

    def __init__(self, reason: object) -> None:
        self.reason = text_of(reason)
        super().__init__(self.reason)


class Unreachable(Exception):
    """Raised by work on others: nobody can be reached now. A failure like any other, but there is no use in going on.

    What was claimed along with it is given back, and the lane rests for a moment.
    """


class Unavailable(RetryLater, Unreachable):
    """Raised by work on others: they take nothing for so many seconds. No failure, but there is no use in going on."""


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


class BrokenTransaction(Exception):
    """A handler swallowed a database error, or ended its transaction: nothing that it did could be committed."""

    def __init__(self, how: str) -> None:
        super().__init__(
            f"The handler broke its transaction: {how}, so that nothing could be committed. "
            "Wrap what may fail in transaction.atomic()."
        )


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
