"""What there was for a person last month, by what decided: the tally, and what the clean-up has not yet folded."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, timedelta
from typing import Any

from django.utils import timezone

from engagement.catalogue import Telling
from engagement.choices import Scope
from engagement.decide import Choice, Digest
from engagement.models.tally_sql import OF_PERSON
from engagement.preferences import Section
from engagement.registry import notifiers
from events.sql import fetch

INBOX = "app"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many notifications of one notifier there were, by what decided on one channel: see `Tally`."""

    told: int = 0
    collected: int = 0
    required: int = 0
    declined: int = 0
    unreachable: int = 0
    barred: int = 0
    days: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        said = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        sums = {name: mine + its for name, (mine, its) in said.items()}
        return Counts(**sums | {"days": self.days | other.days})

    @property
    def open(self) -> int:
        """How many a choice decides."""
        return self.told + self.collected + self.declined


#: An event type and a notifier.
Key = tuple[str, str]
Month = dict[Key, dict[str, Counts]]


@dataclass(frozen=True, slots=True)
class Past:
    """A person's notifications of one month, and how they would be decided today."""

    #: Its first day.
    month: date
    #: What was decided on each channel.
    notifications: Mapping[Key, Mapping[str, Counts]] = field(default_factory=dict)
    #: What the person has chosen.
    chosen: Mapping[Scope, Choice] = field(default_factory=dict)
    #: By category.
    digests: Mapping[str, Digest | None] = field(default_factory=dict)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return monthrange(self.month.year, self.month.month)[1]

    @property
    def is_over(self) -> bool:
        """Whether it is last month, and not the one that goes on."""
        return self.month < this_month()

    def of(self, telling: Telling) -> Mapping[str, Counts]:
        """Return what was decided of notifications that are told like this."""
        return self.notifications.get((str(telling.event_type), telling.notifier), {})


def this_month() -> date:
    """Return its first day, in UTC as in the tally."""
    return timezone.now().astimezone(UTC).date().replace(day=1)


def past_of(person: Any, sections: Sequence[Section]) -> Past:
    """Return last month; this month so far if there was nothing. One query, however much there was."""
    lines = [line for section in sections for line in section.lines]
    this = this_month()
    last = (this - timedelta(days=1)).replace(day=1)
    by_month = _by_month(person, last, {str(each.event_type) for line in lines for each in line.tellings})
    month = last if last in by_month else this
    return Past(
        month,
        by_month.get(month, {}),
        {line.scope: line.chosen for line in lines},
        {line.scope.category: line.digest for line in lines if line.scope.category},
    )


def _by_month(person: Any, since: date, known: set[str]) -> dict[date, Month]:
    found: dict[date, Month] = {}
    for month, key, channel, counts in _counted(person, since):
        if key[0] in known:
            by_channel = found.setdefault(month, {}).setdefault(key, {})
            by_channel[channel] = by_channel.get(channel, Counts()) + counts
    return found


def _counted(person: Any, since: date) -> Iterator[tuple[date, Key, str, Counts]]:
    for month, event_type, notifier, channel, *counts in fetch(OF_PERSON, [person.pk, since] * 2):
        yield month, (event_type, _notifier_now(event_type, notifier)), channel, Counts(*map(int, counts))


def _notifier_now(event_type: str, name: str) -> str:
    """Return by which notifier it would be told today: for one that is gone, as people who are named are told."""
    if any(each.name == name for each in notifiers.of(event_type)):
        return name
    main = notifiers.main(event_type)
    return main.name if main else ""
