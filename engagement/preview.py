"""What a wording that nobody has saved yet would say: of the notifier's example, and of what really happened."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation

from engagement.links import absolute
from engagement.models.app import REASON_LENGTH
from engagement.registry import MASK, event_type_of, notifiers, permitted_params
from engagement.render import Text, fill, shorten
from engagement.sandbox import SandboxedTemplate
from engagement.sms import Segments, count, text_of
from engagement.wording import Wording, WordingError
from engagement.write import common_values
from events.bus import Cancel, EventLog, Payload, RetryLater

#: How many events are looked at, the newest first.
LATEST = 20
#: The channel of which it is told how long a text is: each segment costs.
TEXT_MESSAGES = "sms"


@dataclass(frozen=True, slots=True)
class Row:
    """One event as people would read of it."""

    #: None is the notifier's example.
    event: EventLog | None
    text: Text | None = None
    #: Why people would get the fallback.
    failure: str = ""
    #: Why the event cannot be tried.
    unreadable: str = ""
    #: Of the parameters that the former text used and this one does not, those that say something here.
    lost: tuple[str, ...] = ()
    #: What it becomes on its way, if it is a text message.
    segments: Segments | None = None

    def __str__(self) -> str:
        return f"#{self.event.pk}" if self.event else "example"


@dataclass(frozen=True, slots=True)
class Preview:
    """All rows, and what they amount to."""

    rows: list[Row] = field(default_factory=list)
    #: The parameters that the former text used and this one does not.
    lost: tuple[str, ...] = ()
    #: Why the text cannot be used at all.
    error: str = ""
    #: Whether sensitive values were masked.
    masked: bool = False

    @property
    def failures(self) -> dict[str, list[Row]]:
        """The rows that would fail, by why."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            if row.failure:
                found.setdefault(row.failure, []).append(row)
        return found

    @property
    def questionable(self) -> bool:
        """Whether somebody should think twice before this is saved."""
        return bool(self.failures or self.lost)


def preview(
    slug: str,
    language: str,
    wording: Wording,
    former: Wording | None = None,
    *,
    person: str = "",
    channel: str = "",
) -> Preview:
    """Return what this wording would say in a language to a person of this name, beside the former one."""
    try:
        wording.check(permitted_params(slug))
    except WordingError as error:
        return Preview(error=str(error))
    texts = wording.compiled()
    lost = _names(former) - _names(wording)
    told = _Told(slug, person, channel)
    with translation.override(language):
        rows = [_row(told, event, texts, lost) for event in told.events()]
    return Preview(rows, tuple(sorted(lost)), masked=bool(told.hidden))


def of_example(slug: str, language: str, wording: Wording, *, person: str = "", channel: str = "") -> Row:
    """Return what a wording would say of the example of the slug's notifier, which there has to be; without a query."""
    with translation.override(language):
        return _row(_Told(slug, person, channel), None, wording.compiled(), frozenset())


def _names(wording: Wording | None) -> frozenset[str]:
    """Return what a text uses; nothing if it never worked."""
    try:
        return frozenset().union(*(text.names for text in wording.compiled())) if wording else frozenset()
    except WordingError:
        return frozenset()


class _Told:
    """What there is to tell under a slug, and what a wording is filled in with for each."""

    def __init__(self, slug: str, person: str, channel: str) -> None:
        self._notifier, self._type = notifiers.for_slug(slug), event_type_of(slug)
        self._person, self._channel = person, channel
        self.hidden = self._type.sensitive if self._type else frozenset()

    def events(self) -> Iterator[EventLog | None]:
        """Yield None for the example, if there is one, then the latest events."""
        if self._notifier:
            yield None
        if self._type is not None:
            yield from EventLog.objects.filter(type=str(self._type)).order_by("-id")[:LATEST]

    def values(self, event: EventLog | None) -> dict[str, Any]:
        """Return the values of an event, or of the example.

        Sensitive ones are masked here already: in a text that knew them an `if` could find them out.
        """
        payload = event.read() if event else self._notifier.example  # type: ignore[union-attr]  # see events()
        params = {
            name: MASK if name in self.hidden else value for name, value in payload.model_dump().items()
        }
        reason = shorten(str(self._notifier.reason), REASON_LENGTH) if self._notifier else ""
        return {"reason": reason, "person": self._person, **common_values(params, self._url(payload))}

    def _url(self, payload: Payload) -> str:
        """Return where it leads; an address that leads to something secret is as secret."""
        url = self._notifier.url(payload) if self._notifier else str(getattr(payload, "url", "") or "")
        return MASK if url and self.hidden else url

    def segments(self, text: Text, url: str) -> Segments | None:
        """Return what the text becomes on its way; None if that makes no difference."""
        is_sms = self._channel == TEXT_MESSAGES
        return count(text_of(text.title, text.message, absolute(url))) if is_sms else None


def _row(
    told: _Told,
    event: EventLog | None,
    texts: tuple[SandboxedTemplate, SandboxedTemplate],
    lost: frozenset[str],
) -> Row:
    """Return one row.

    The first except is broad, as everywhere where a failure becomes a row: reading an old event runs what its
    capability wrote (`upcast`, the notifier's `url`), and one that fails must not take the page from the author.
    """
    try:
        values = told.values(event)
    except Exception as error:  # noqa: BLE001 - see above
        return Row(event, unreadable=_why(error))
    missed = tuple(sorted(name for name in lost if values.get(name) not in (None, "", [])))
    try:
        text = fill(*texts, values)
    except WordingError as error:
        return Row(event, failure=str(error), lost=missed)
    return Row(event, text, lost=missed, segments=told.segments(text, values["url"]))


def _why(error: Exception) -> str:
    """Say why, without the values that other exceptions quote."""
    return str(error) if isinstance(error, Cancel | RetryLater) else type(error).__name__
