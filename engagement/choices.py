"""What a person has chosen, as it is stored: for categories and event types."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from engagement.decide import Choice, Digest, Preset
from engagement.models import NotificationPreference
from events.sql import execute

NOTHING = Choice()
#: So that two saves at the same time do not wait for each other's rows.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('carillon:choices:' || %s, 0))"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What a choice is for: one event type or one category."""

    event_type: str = ""
    category: str = ""

    @property
    def anchor(self) -> str:
        """Where it is on the page: `type-product.created`, `category-product`."""
        name = f"type-{self.event_type}" if self.event_type else f"category-{self.category}"
        return "-".join(name.split())


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that a person has chosen."""

    channels: Mapping[Scope, Choice]
    #: Whether mails are collected, by category.
    digests: Mapping[str, Digest]

    def of(self, scope: Scope) -> Choice:
        """Return the choice of channels for one thing; NOTHING if there is none."""
        return self.channels.get(scope, NOTHING)


def chosen_by(person: Any) -> Chosen:
    """Return what a person has chosen, in one query."""
    rows = list(NotificationPreference.objects.filter(person=person))
    channels = {
        Scope(row.event_type, row.category): Choice(
            Preset(row.type) if row.type else None, tuple(sorted(row.channels.items()))
        )
        for row in rows
    }
    return Chosen(channels, {row.category: Digest(row.digest) for row in rows if row.digest})


@contextmanager
def one_after_the_other(person: Any) -> Iterator[None]:
    """Let nobody else save a choice of this person meanwhile; what is read in here is not out of date."""
    with transaction.atomic():
        execute(LOCK, [str(person.pk)])
        yield


def save(person: Any, choices: Mapping[Scope, Choice]) -> None:
    """Write choices of channels, unchecked; to be called in `one_after_the_other`."""
    said = {
        scope: {"type": each.preset or "", "channels": dict(each.channels)} for scope, each in choices.items()
    }
    _save(person, said, ["type", "channels"])


def save_digests(person: Any, digests: Mapping[Scope, Digest | None]) -> None:
    """Write whether the mails of categories are collected, likewise."""
    _save(person, {scope: {"digest": digest or ""} for scope, digest in digests.items()}, ["digest"])


def _save(person: Any, said: Mapping[Scope, Mapping[str, Any]], names: Sequence[str]) -> None:
    """Insert or update these columns of the rows, and delete rows that say nothing any more."""
    if not said:
        return
    rows = [
        NotificationPreference(person=person, event_type=scope.event_type, category=scope.category, **values)
        for scope, values in said.items()
    ]
    NotificationPreference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["person", "event_type", "category"],
        update_fields=names,
    )
    NotificationPreference.objects.filter(person=person, type="", channels={}, digest="").delete()
