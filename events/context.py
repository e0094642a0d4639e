"""Which event is being handled, so that what its handlers publish knows its cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from events.payload import Envelope

_cause: ContextVar[Envelope | None] = ContextVar("cause", default=None)


def cause() -> Envelope | None:
    """Return the envelope of the event that this code is handling, or None."""
    return _cause.get()


@contextmanager
def caused_by(envelope: Envelope) -> Iterator[None]:
    """Make events published inside carry this event's correlation id, and its id as their causation id."""
    token = _cause.set(envelope)
    try:
        yield
    finally:
        _cause.reset(token)
