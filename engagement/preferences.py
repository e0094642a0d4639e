"""What a person has chosen, and how they change it: for categories and event types, and for all notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from engagement.catalogue import Topic, topics
from engagement.decide import Choice, Preset
from engagement.models import NotificationPreference, NotificationSettings
from engagement.models.preference import is_choice_of_channels
from engagement.standing import always_on, notes_on, otherwise
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
class Line:
    """One thing to choose for: what was chosen, what applies without, and what cannot be chosen."""

    scope: Scope
    label: str | Promise
    chosen: Choice
    #: "Inbox and Email, which is the default"
    otherwise: str
    #: Channels that cannot be switched off, each with the reason in a sentence.
    always_on: Mapping[str, str]
    #: What else has to be known of it, in sentences.
    notes: Sequence[str]

    def check(self, choice: Choice) -> None:
        """Raise ValidationError for a choice that would switch off what cannot be.

        A choice that was made before may stay: whatever it says, `decide` sends what is mandatory.
        """
        is_choice_of_channels(dict(choice.channels))
        if choice.preset not in {None, *Preset}:
            raise ValidationError(_("Choose one of %s.") % ", ".join(Preset.values))
        wrong = [why for channel, why in self.always_on.items() if self._switches_off(channel, choice)]
        if wrong:
            raise ValidationError(wrong)

    def _switches_off(self, channel: str, choice: Choice) -> bool:
        return choice.says(channel) is False and self.chosen.says(channel) is not False


@dataclass(frozen=True, slots=True)
class Section:
    """A category and the event types in it."""

    line: Line
    types: Sequence[Line]

    @property
    def lines(self) -> list[Line]:
        """All of it, the category first."""
        return [self.line, *self.types]


def sections(person: Any) -> list[Section]:
    """Return everything that a person can choose for, by category; three queries, however much that is."""
    found, chosen = topics(), _choices(person)
    by_category = sorted(found, key=lambda topic: topic.category)
    listed = {name: list(group) for name, group in groupby(by_category, lambda topic: topic.category)}
    names = {telling.category for topic in found for telling in topic.tellings}
    return [_section(name, listed.get(name, []), found, chosen) for name in sorted(names)]


def _section(
    category: str, listed: Sequence[Topic], every: Sequence[Topic], chosen: Mapping[Scope, Choice]
) -> Section:
    label = category.replace("_", " ").replace("-", " ").capitalize()
    tellings = [each for topic in every for each in topic.tellings if each.category == category]
    scope = Scope(category=category)
    line = Line(
        scope,
        label,
        chosen.get(scope, NOTHING),
        otherwise(tellings),
        always_on(tellings),
        notes_on(tellings, lambda telling: _("for %s") % telling.event_type.display_name),
    )
    return Section(line, [_type_line(topic, chosen) for topic in listed])


def _type_line(topic: Topic, chosen: Mapping[Scope, Choice]) -> Line:
    scope = Scope(event_type=str(topic.event_type))
    by_category = {each.category: chosen.get(Scope(category=each.category)) for each in topic.tellings}
    return Line(
        scope,
        topic.event_type.display_name,
        chosen.get(scope, NOTHING),
        otherwise(topic.tellings, by_category),
        always_on(topic.tellings),
        notes_on(topic.tellings, lambda telling: _("where %s") % telling.reason),
    )


def _choices(person: Any) -> dict[Scope, Choice]:
    rows = NotificationPreference.objects.filter(person=person)
    return {
        Scope(row.event_type, row.category): Choice(
            Preset(row.type) if row.type else None, tuple(sorted(row.channels.items()))
        )
        for row in rows
    }


def choose(
    person: Any,
    scope: Scope,
    preset: Preset | None = None,
    channels: Mapping[str, bool] | None = None,
) -> None:
    """Save a choice: a preset, and further channels one by one. Without either there is none any more.

    Raises ValidationError for a scope that there is not, and for what cannot be switched off.
    """
    choose_all(person, {scope: Choice(preset, tuple((channels or {}).items()))})


def choose_all(person: Any, choices: Mapping[Scope, Choice]) -> None:
    """Save several choices, or none of them if one is wrong; raise as `choose` does."""
    lines = {line.scope: line for section in sections(person) for line in section.lines}
    for scope, choice in choices.items():
        if scope not in lines:
            raise ValidationError(
                _("There is nothing to choose for %s.") % (scope.event_type or scope.category)
            )
        lines[scope].check(choice)
    _save(person, choices)


def _save(person: Any, choices: Mapping[Scope, Choice]) -> None:
    """Insert or update what says something, and delete the rest; one save of a person after the other."""
    rows = [_row(person, scope, choice) for scope, choice in choices.items() if choice != NOTHING]
    gone = [
        models.Q(event_type=scope.event_type, category=scope.category)
        for scope, choice in choices.items()
        if choice == NOTHING
    ]
    with transaction.atomic():
        execute(LOCK, [str(person.pk)])
        NotificationPreference.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["person", "event_type", "category"],
            update_fields=["type", "channels"],
        )
        if gone:
            any_of_them = models.Q(*gone, _connector=models.Q.OR)
            NotificationPreference.objects.filter(any_of_them, person=person).delete()


def _row(person: Any, scope: Scope, choice: Choice) -> NotificationPreference:
    return NotificationPreference(
        person=person,
        event_type=scope.event_type,
        category=scope.category,
        type=choice.preset or "",
        channels=dict(choice.channels),
    )


def settings_of(person: Any) -> NotificationSettings:
    """Return the person's settings; new ones, not saved, if there are none."""
    found = NotificationSettings.objects.filter(person=person).first()
    return found or NotificationSettings(person=person)


def set_settings(person: Any, **changes: Any) -> None:
    """Change some of language, time_zone, quiet_from and quiet_until; the others stay as they are.

    Raises ValidationError, by field.
    """
    if not changes:
        return
    settings = settings_of(person)
    for name, value in changes.items():
        empty = "" if name in {"language", "time_zone"} else None
        setattr(settings, name, value or empty)
    settings.full_clean(exclude=["person"], validate_unique=False)
    NotificationSettings.objects.bulk_create(
        [settings], update_conflicts=True, unique_fields=["person"], update_fields=list(changes)
    )
