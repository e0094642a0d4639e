"""Step 6: the texts of one notice for many people: once for each language, and time zone or name if that matters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from functools import cached_property
from typing import Any

from django.utils import timezone, translation

from engagement import wording
from engagement.channels import channels
from engagement.conf import conf
from engagement.models import NotifiableEvent
from engagement.models.app import REASON_LENGTH
from engagement.models.person import zone
from engagement.notice import Notice
from engagement.people_sql import Group
from engagement.render import Renderer, Text, shorten
from events.bus import EventTypes


@dataclass(slots=True)
class Texts:
    """The different texts, and which of them each NotifiableEvent gets."""

    texts: list[Text] = field(default_factory=list)
    number: dict[int, int] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def fallbacks(self) -> int:
        """Return how many people got the fallback."""
        return sum(self.texts[number].is_fallback for number in self.number.values())


class Source:
    """What the texts of one notice are made of on every channel; each thing is read once, and only if it is used."""

    def __init__(self, notice: Notice, groups: Sequence[Group]) -> None:
        self.notice, self._groups = notice, groups

    @cached_property
    def edited(self) -> wording.Edited:
        """What staff wrote."""
        languages = {group.language for group in self._groups}
        return wording.edited_in(self.notice.slug, channels(), languages)

    @cached_property
    def names(self) -> Mapping[int, str]:
        """What to call the people whom these NotifiableEvents concern."""
        return _names([pk for group in self._groups for pk in group.pks])


class Writer:
    """Writes one notice on one channel."""

    def __init__(self, source: Source, channel: str, languages: Iterable[str]) -> None:
        self._source, self._notice = source, source.notice
        notice = source.notice
        self._renderers = {
            language: Renderer(
                notice.slug, channel, language, fallback(notice, language), edited=source.edited
            )
            for language in sorted(set(languages))
        }
        self._common = common_values(notice.params, notice.url)
        self._zoned = any(isinstance(value, datetime | time) for value in notice.params.values())

    def write(self, groups: Sequence[Group]) -> Texts:
        """Return the texts of these people."""
        found = Texts()
        for group in groups:
            with translation.override(group.language), timezone.override(zone(group.time_zone)):
                self._write(found, group)
        return found

    def _write(self, found: Texts, group: Group) -> None:
        personal = "person" in self._names_used(group.language)
        for pk in group.pks:
            name = self._source.names[pk] if personal else ""
            key = (group.language, group.time_zone if self._zoned else "", name)
            if key not in found._known:
                found._known[key] = len(found.texts)
                found.texts.append(self.text(group.language, name))
            found.number[pk] = found._known[key]

    def text(self, language: str, name: str) -> Text:
        """Return the text in a language that is active, for a person of this name."""
        reason = shorten(str(self._notice.reason), REASON_LENGTH)
        values = {"reason": reason, "person": name, **self._common}
        return replace(self._renderers[language].render(values), reason=reason)

    def _names_used(self, language: str) -> frozenset[str]:
        return self._renderers[language].names - self._common.keys()


def common_values(params: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return what a wording is filled in with for everybody; `reason` and `person` come before, if it has none."""
    return {"site": conf.site_name, **params, "url": url}


def _names(pks: Sequence[int]) -> dict[int, str]:
    """Return what to call the people whom these NotifiableEvents concern; nothing for those who are gone."""
    found = NotifiableEvent.objects.filter(pk__in=pks).select_related("person").only("pk", "person")
    return dict.fromkeys(pks, "") | {each.pk: name_of(each.person) for each in found}


def name_of(person: Any) -> str:
    """Return the full name of those user models that have one."""
    full_name = getattr(person, "get_full_name", str)()
    return full_name or str(person.get_username())


def fallback(notice: Notice, language: str) -> Text:
    """Return a text that needs no wording: what kind of thing happened. The address is on the row."""
    found = EventTypes.get(notice.event_type)
    with translation.override(language):
        return Text(str(found.display_name) if found else notice.event_type, "", is_fallback=True)
