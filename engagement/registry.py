"""Notifiers: who hears of an event, why, and on which channels by default."""

import inspect
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import QuerySet
from django.utils.functional import Promise

from engagement.conf import LONGEST_DELAY, conf
from engagement.decide import Digest, Importance
from engagement.timing import counted
from events.bus import AlreadyRegistered, EventType, EventTypes, InvalidEventType, Payload, RetryLater

P = TypeVar("P", bound=Payload)

#: Known in every wording, besides the payload's fields: who reads it, why, where it leads, whose site it is.
COMMON_PARAMS = frozenset({"person", "reason", "url", "site"})
#: What is read in place of a sensitive value.
MASK = "***"
NEWER_DEPLOYMENT = 60
CATEGORY_LENGTH = 50


class Notifier(Generic[P]):
    """Subclass it in a capability's `notifiers.py`; that registers it.

    class ProductCreatedNotifier(Notifier[ProductCreated]):
        event = ProductCreated
        reason = _("you manage this product's organisation")
        example = ProductCreated(product_id=1, name="Kite", url="/products/1/")

        def audience(self, event: ProductCreated) -> QuerySet[Person]:
            return managers_of(event)

    Several notifiers of one event are asked in the order in which they are declared; a person goes to the
    first that chooses them. A base class of several has no `event`, or says `abstract = True`.
    """

    #: The payload model of the event type.
    event: ClassVar[type[Payload]]
    #: The name of the wording; the event type's, unless two audiences get different texts.
    slug: ClassVar[str] = ""
    #: What people opt in and out of; the event type's, unless given.
    category: ClassVar[str] = ""
    #: Where it goes when the person has not chosen.
    channels: ClassVar[tuple[str, ...]] = ("app", "email")
    #: "You hear of this because ...", shown on each notification.
    reason: ClassVar[str | Promise] = ""
    #: Channels that nobody can switch off (security, one-time codes).
    mandatory: ClassVar[tuple[str, ...]] = ()
    #: Unless a rule says otherwise.
    importance: ClassVar[Importance] = Importance.USUAL
    #: Whether its mails are collected, where neither the person nor a rule says so.
    digest: ClassVar[Digest] = Digest.NEVER
    #: How long a mail waits to be read in the inbox, and is sent only if it was not; unless a rule says otherwise.
    email_delay: ClassVar[timedelta] = timedelta(0)
    #: Whether the actor hears of their own act.
    notify_actor: ClassVar[bool] = False
    #: The payload's field with the key of the one stored endpoint that it goes to, and nowhere else.
    to_endpoint: ClassVar[str] = ""
    #: Whether people choose for it at their preferences.
    is_offered: ClassVar[bool] = True
    #: How long its notifications are kept; the category's or ENGAGEMENT_RETENTION, unless given.
    retention: ClassVar[timedelta | None] = None
    #: An event for previews and tests.
    example: ClassVar[Payload]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if getattr(cls, "event", None) is not None and not cls.__dict__.get("abstract"):
            notifiers.register(cls())

    def audience(self, event: P) -> QuerySet[Any] | Iterable[Any]:
        """Return the people: a queryset of them, or an iterable of people or primary keys.

        It has no side effects, and may raise Cancel when there is no point any more: then the next notifier is
        asked, and the run is cancelled if all of them did. Any other exception fails the run as a whole, and it is
        tried again, and so does one in `url`, `group` or `not_after`. The actor may be in the audience.
        """
        raise NotImplementedError(f"{type(self).__qualname__}.audience() is missing.")

    def url(self, event: P) -> str:
        """Return where the notification leads: the payload's own url, unless overridden."""
        return str(getattr(event, "url", "") or "")

    def group(self, event: P) -> str:
        """Return what its notifications are grouped by: the object that the event is about, unless overridden."""
        return event.envelope.about

    def not_after(self, event: P) -> datetime | None:
        """Return the moment after which there is no point in telling anybody; None: there always is."""
        return None

    @property
    def event_type(self) -> EventType:
        """The registered type."""
        return EventTypes.of(self.event)

    @property
    def name(self) -> str:
        """How rows refer to it: `product_management.ProductCreatedNotifier`."""
        module = type(self).__module__.removesuffix(".notifiers").rpartition(".")[2]
        return f"{module}.{type(self).__qualname__}"

    def wording_slug(self) -> str:
        """Return the name of the wording."""
        return self.slug or str(self.event_type)

    def effective_category(self) -> str:
        """Return the category."""
        return self.category or self.event_type.category

    def effective_retention(self) -> timedelta:
        """Return how long its notifications are kept, unless a rule says otherwise."""
        return self.retention or category_retention(self.effective_category())


def category_retention(category: str) -> timedelta:
    """Return how long notifications of a category are kept, as the settings say."""
    return conf.category_retention.get(category, conf.retention)


class NotifierRegistry:
    """Every notifier, by name and by event type."""

    def __init__(self) -> None:
        self._by_name: dict[str, Notifier[Any]] = {}

    def register(self, notifier: Notifier[Any]) -> None:
        """Add one; raise when its name is taken, or when it is declared wrongly."""
        event_type, place = notifier.event_type, f"{notifier.__module__}.{type(notifier).__qualname__}"
        if not isinstance(getattr(notifier, "example", None), notifier.event):
            raise InvalidEventType(
                f"{place}.example must be a {notifier.event.__name__}: previews and tests use it."
            )
        if type(notifier).audience is Notifier.audience:
            raise InvalidEventType(f"{place} ({event_type}) has no audience().")
        if len(notifier.effective_category()) > CATEGORY_LENGTH:
            raise InvalidEventType(f"The category of {place} is longer than {CATEGORY_LENGTH} characters.")
        _check_waiting(notifier, place)
        taken = self._by_name.setdefault(notifier.name, notifier)
        if taken is not notifier:
            raise AlreadyRegistered("notifier", notifier.name, inspect.getfile(type(taken)), place)

    def of(self, event_type: str) -> list[Notifier[Any]]:
        """Return the notifiers of a type, in the order of their declaration."""
        return [notifier for notifier in self._by_name.values() if notifier.event_type == event_type]

    def main(self, event_type: str) -> Notifier[Any] | None:
        """Return the notifier that speaks for a type where none was asked: that of its own wording, or the first."""
        found = self.of(event_type)
        return next(
            (each for each in found if each.wording_slug() == event_type), found[0] if found else None
        )

    def for_slug(self, slug: str) -> Notifier[Any] | None:
        """Return a notifier that uses this wording."""
        return next(
            (notifier for notifier in self._by_name.values() if notifier.wording_slug() == slug), None
        )

    def __getitem__(self, name: str) -> Notifier[Any]:
        """Return the notifier; one that is not known yet may come with a newer deployment."""
        try:
            return self._by_name[name]
        except KeyError:
            raise RetryLater(
                NEWER_DEPLOYMENT, f"The notifier {name!r} is not known to this process"
            ) from None

    def __iter__(self) -> Iterator[Notifier[Any]]:
        return iter(self._by_name.values())


def _check_waiting(notifier: Notifier[Any], place: str) -> None:
    """Raise InvalidEventType when it is not said properly for what its mails wait."""
    if not isinstance(notifier.digest, Digest):
        known = ", ".join(f"Digest.{each.name}" for each in Digest)
        raise InvalidEventType(
            f"The notifier {place}: digest must be one of {known}; it is {_in_words(notifier.digest)}."
        )
    delay: Any = notifier.email_delay
    if not isinstance(delay, timedelta) or not timedelta(0) <= delay <= LONGEST_DELAY:
        raise InvalidEventType(
            f"The notifier {place}: email_delay must be a timedelta from nothing to a day; it is {_in_words(delay)}."
        )


def _in_words(given: Any) -> str:
    """Return what was given as its author thinks of it: "-10 minutes", "the plain str 'daily'"."""
    if not isinstance(given, timedelta):
        return "None" if given is None else f"the plain {type(given).__name__} {given!r}"
    number, unit = counted(given)
    return f"{number:.12g} {unit}{'' if abs(number) == 1 else 's'}"


notifiers = NotifierRegistry()


def event_type_of(slug: str) -> EventType | None:
    """Return the event type whose parameters a wording may use; None for an unknown slug."""
    notifier = notifiers.for_slug(slug)
    return notifier.event_type if notifier else EventTypes.get(slug)


def permitted_params(slug: str) -> frozenset[str]:
    """Return the names that a wording may use: the payload's fields and COMMON_PARAMS."""
    found = event_type_of(slug)
    return COMMON_PARAMS | (frozenset(found.payload.model_fields) if found else frozenset())


def is_sensitive(event_type: str) -> bool:
    """Tell whether what is said of such events may have a secret in it."""
    found = EventTypes.get(event_type)
    return bool(found and found.sensitive)


def sensitive_types() -> list[str]:
    """Return the event types of which that is so."""
    return [str(each) for each in EventTypes if each.sensitive]


def slug_choices() -> list[tuple[str, str]]:
    """Return every slug that a wording can have, and what it is about: those of notifiers, and every event type."""
    slugs = {notifier.wording_slug() for notifier in notifiers} | {str(each) for each in EventTypes}
    return [(slug, f"{slug} ({_about(slug)})") for slug in sorted(slugs)]


def _about(slug: str) -> str:
    found = event_type_of(slug)
    return str(found.display_name) if found else ""


def category_choices() -> list[tuple[str, str]]:
    """Return the categories that there are, for model fields and forms; a new one needs no migration."""
    named = {notifier.effective_category() for notifier in notifiers}
    return [(name, name) for name in sorted(named | {each.category for each in EventTypes})]
