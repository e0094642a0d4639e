"""The text for slug x channel x language: what staff wrote in the database, else the capability's file.

A file is `notifications/<slug>.toml` in an installed app:

    [en.app]
    title = "{{ name }} is live"
    message = "You can find it at {{ url }}."
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.template import TemplateSyntaxError

from engagement.sandbox import SandboxedTemplate, compile_text
from events.sql import fetch

EDITED = """
    SELECT channel, language, title_template, message_template FROM engagement_notificationtemplate
     WHERE event_type = %s AND channel = ANY(%s) AND language = ANY(%s) AND is_active"""
#: Whose words stand in for those that a channel has none of its own for.
INBOX = "app"
Edited = Mapping[tuple[str, str], "Wording"]


class WordingError(Exception):
    """The wording is missing, or cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The two texts of a notification, unrendered."""

    title: str
    message: str
    source: str

    def compiled(self) -> tuple[SandboxedTemplate, SandboxedTemplate]:
        """Return both texts compiled; raise WordingError."""
        try:
            return compile_text(self.title), compile_text(self.message)
        except TemplateSyntaxError as error:
            raise WordingError(f"{self.source}: {error}") from error

    def check(self, permitted: frozenset[str]) -> None:
        """Raise WordingError if it cannot be compiled, or uses parameters that there are not."""
        title, message = self.compiled()
        unknown = sorted((title.names | message.names) - permitted)
        if unknown:
            raise WordingError(
                f"{self.source}: there is no parameter {', '.join(unknown)}; there are {', '.join(sorted(permitted))}."
            )


def find(slug: str, channel: str, language: str, edited: Edited | None = None) -> Wording:
    """Return the wording in this language, else the region's base language, else the installation's.

    In each language what the inbox says stands in for what a channel has no words of its own for: better that than
    another language. `edited` is what staff wrote, if it is at hand. Raises WordingError if there is none, naming the
    file to write.
    """
    edited = edited_in(slug, [channel], [language]) if edited is None else edited
    for candidate in _languages(language):
        for name in dict.fromkeys([channel, INBOX]):
            found = edited.get((name, candidate)) or _from_file(slug, name, candidate)
            if found:
                return found
    raise WordingError(
        f"There is no wording of {slug} for {channel}: write notifications/{slug}.toml in its app."
    )


def _languages(language: str) -> list[str]:
    base = settings.LANGUAGE_CODE
    wanted = [language, language.partition("-")[0], base, base.partition("-")[0]]
    return list(dict.fromkeys(wanted))


def edited_in(slug: str, channels: Iterable[str], languages: Iterable[str]) -> dict[tuple[str, str], Wording]:
    """Return what staff wrote for these channels, and for the inbox, by channel and language; in one query.

    In these languages, or those that stand in for them.
    """
    candidates = sorted({candidate for language in languages for candidate in _languages(language)})
    return {
        (name, language): Wording(title, message, template_name(slug, name, language))
        for name, language, title, message in fetch(EDITED, [slug, sorted({*channels, INBOX}), candidates])
    }


def template_name(slug: str, channel: str, language: str) -> str:
    """Return what a wording that staff wrote is called where its faults are reported."""
    return f"template {slug} [{language}.{channel}]"


def _from_file(slug: str, channel: str, language: str) -> Wording | None:
    place = files().get(slug)
    if place is None:
        return None
    texts = _read(place).get(language, {}).get(channel)
    return (
        Wording(texts["title"], texts.get("message", ""), f"{place} [{language}.{channel}]")
        if texts
        else None
    )


def in_file(slug: str, channel: str, language: str) -> tuple[str, Wording] | None:
    """Return the language and the text that people read unless staff write over it; None if there is no file's."""
    for candidate in _languages(language):
        found = _from_file(slug, channel, candidate)
        if found:
            return candidate, found
    return None


def has_file(slug: str, channel: str) -> bool:
    """Tell whether a file has a text for this channel in the installation's language."""
    return in_file(slug, channel, settings.LANGUAGE_CODE) is not None


def every_wording() -> Iterator[tuple[str, Wording]]:
    """Yield (slug, wording) of all files; for checks."""
    for slug, place in files().items():
        for language, texts in _read(place).items():
            for channel in texts:
                found = _from_file(slug, channel, language)
                if found:
                    yield slug, found


@cache
def files() -> dict[str, Path]:
    """Return the file of each slug; raise WordingError if two apps claim one."""
    found: dict[str, Path] = {}
    for app in apps.get_app_configs():
        for place in sorted(Path(app.path, "notifications").glob("*.toml")):
            if place.stem in found:
                raise WordingError(
                    f"The wording of {place.stem} is in {found[place.stem]} and in {place}: keep one."
                )
            found[place.stem] = place
    return found


@cache
def _read(place: Path) -> dict[str, dict[str, dict[str, str]]]:
    try:
        data: dict[str, Any] = tomllib.loads(place.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WordingError(f"{place}: {error}") from error
    for language, texts in data.items():
        for channel, text in (texts if isinstance(texts, dict) else {"?": None}).items():
            if not isinstance(text, dict) or not isinstance(text.get("title"), str):
                raise WordingError(f'{place}: [{language}.{channel}] needs a title = "...".')
            if not isinstance(text.get("message", ""), str):
                raise WordingError(f"{place}: [{language}.{channel}] has a message that is no text.")
    return data
