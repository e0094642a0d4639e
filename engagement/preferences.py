"""What a person has chosen, and how they change it: for categories and event types, and for all notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from engagement.catalogue import Telling, Topic, topics
from engagement.channels import Stored, channels
from engagement.choices import Chosen, Scope, chosen_by, one_after_the_other, save, save_digests
from engagement.decide import Choice, Digest, Preset
from engagement.models import Endpoint, NotificationSettings
from engagement.models.preference import further_channels, is_choice_of_channels
from engagement.standing import (
    EMAIL,
    always_on,
    collected_otherwise,
    delayed,
    for_event_type,
    notes_on,
    otherwise,
)
from engagement.subject import label_of_category


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
    #: Of a category, whether its mails are collected; None: nothing was chosen.
    digest: Digest | None = None
    #: "At once, the default"; empty where this cannot be chosen.
    digest_otherwise: str = ""
    #: Further channels of which this person may choose.
    further: Sequence[str] = ()
    #: What "At once" means where mails wait to be read in the inbox; empty if it means that.
    delayed: str = ""
    #: Every way in which it is told.
    tellings: Sequence[Telling] = ()

    @property
    def is_without_mails(self) -> bool:
        """Whether what was chosen leaves no mails to be collected, or to wait."""
        return self.chosen.says(EMAIL) is False

    @property
    def presets(self) -> list[Preset]:
        """The presets that switch off nothing that cannot be."""
        return [
            each
            for each in Preset
            if not any(Choice(each).says(channel) is False for channel in self.always_on)
        ]

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

    def check_digest(self, digest: Digest | None) -> None:
        """Raise ValidationError where there are no mails that could be collected, unless it was chosen before."""
        if digest not in {None, *Digest}:
            raise ValidationError(_("Choose one of %s.") % ", ".join(Digest.values))
        if digest not in {None, self.digest} and not self.digest_otherwise:
            raise ValidationError(_("Mails are never collected for %s.") % self.label)

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

    def offering(self, further: Sequence[str]) -> "Section":
        """Return it with these further channels to choose of."""
        types = [replace(line, further=further) for line in self.types]
        return Section(replace(self.line, further=further), types)


def further_for(person: Any, chosen: Chosen) -> list[str]:
    """Return the further channels that matter to a person: on which they can be reached, or of which they have chosen.

    The others would be questions about things that they do not have.
    """
    has = set(Endpoint.objects.of(person).values_list("channel", flat=True))
    has |= {name for choice in chosen.channels.values() for name, _wanted in choice.channels}
    return [name for name in further_channels() if name in has or _is_for_everybody(name)]


def _is_for_everybody(name: str) -> bool:
    channel = channels()[name]
    return channel.configured() and not isinstance(channel, Stored)


def sections(person: Any) -> list[Section]:
    """Return everything that a person can choose for, by category; four queries, however much that is."""
    found, chosen = topics(), chosen_by(person)
    further = further_for(person, chosen)
    by_category = sorted(found, key=lambda topic: topic.category)
    listed = {name: list(group) for name, group in groupby(by_category, lambda topic: topic.category)}
    names = {telling.category for topic in found for telling in topic.tellings}
    sections = [_section(name, listed.get(name, []), found, chosen) for name in sorted(names)]
    return [each.offering(further) for each in sections]


def _section(category: str, listed: Sequence[Topic], every: Sequence[Topic], chosen: Chosen) -> Section:
    tellings = [each for topic in every for each in topic.tellings if each.category == category]
    scope = Scope(category=category)
    line = Line(
        scope,
        label_of_category(category),
        chosen.of(scope),
        otherwise(tellings),
        always_on(tellings),
        notes_on(tellings, for_event_type),
        chosen.digests.get(category),
        collected_otherwise(tellings),
        delayed(tellings),
        tellings=tellings,
    )
    return Section(line, [_type_line(topic, chosen) for topic in listed])


def _type_line(topic: Topic, chosen: Chosen) -> Line:
    scope = Scope(event_type=str(topic.event_type))
    by_category = {each.category: chosen.of(Scope(category=each.category)) for each in topic.tellings}
    return Line(
        scope,
        topic.event_type.display_name,
        chosen.of(scope),
        otherwise(topic.tellings, by_category),
        always_on(topic.tellings),
        notes_on(topic.tellings, lambda telling: _("where %s") % telling.reason),
        tellings=topic.tellings,
    )


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


def choose_digest(person: Any, category: str, digest: Digest | None) -> None:
    """Save whether the mails of a category are collected; None: as usual. What was chosen of channels stays.

    Raises ValidationError for a category that there is not, or that has no mails to be collected.
    """
    choose_all(person, {}, {Scope(category=category): digest})


def choose_all(
    person: Any, choices: Mapping[Scope, Choice], digests: Mapping[Scope, Digest | None] | None = None
) -> None:
    """Save several choices, or none of them if one is wrong; raise as `choose` and `choose_digest` do."""
    digests = digests or {}
    lines = {line.scope: line for section in sections(person) for line in section.lines}
    for scope in (*choices, *digests):
        if scope not in lines:
            raise ValidationError(
                _("There is nothing to choose for %s.") % (scope.event_type or scope.category)
            )
    for scope, choice in choices.items():
        lines[scope].check(choice)
    for scope, digest in digests.items():
        lines[scope].check_digest(digest)
    with one_after_the_other(person):
        save(person, choices)
        save_digests(person, digests)


def settings_of(person: Any) -> NotificationSettings:
    """Return the person's settings; new ones, not saved, if there are none."""
    found = NotificationSettings.objects.filter(person=person).first()
    return found or NotificationSettings(person=person)


def set_settings(person: Any, **changes: Any) -> None:
    """Change some of language, time_zone, quiet_from, quiet_until and digest_hour; the others stay as they are.

    Raises ValidationError, by field.
    """
    if not changes:
        return
    settings = settings_of(person)
    for name, value in changes.items():
        empty = "" if name in {"language", "time_zone"} else None
        setattr(settings, name, empty if value in {None, ""} else value)
    settings.full_clean(exclude=["person"], validate_unique=False)
    NotificationSettings.objects.bulk_create(
        [settings], update_conflicts=True, unique_fields=["person"], update_fields=list(changes)
    )
