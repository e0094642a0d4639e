"""Step 6: wording + event + person -> title and message; a fallback where the wording fails."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engagement import wording
from engagement.models.app import MESSAGE_LENGTH, TITLE_LENGTH
from engagement.registry import permitted_params
from engagement.sandbox import SandboxedTemplate
from events.sql import UNSTORABLE

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads."""

    title: str
    message: str
    is_fallback: bool = False
    #: Why the person reads it.
    reason: str = ""


class Renderer:
    """Renders one slug on one channel in one language, for many people."""

    def __init__(
        self,
        slug: str,
        channel: str,
        language: str,
        fallback: Text,
        *,
        edited: wording.Edited | None = None,
    ) -> None:
        self._slug, self._fallback, self._failed = slug, fallback, False
        self._texts: tuple[SandboxedTemplate, SandboxedTemplate] | None = None
        try:
            found = wording.find(slug, channel, language, edited)
            found.check(permitted_params(slug))
            self._texts = found.compiled()
        except wording.WordingError as error:
            logger.error("People get the fallback notification. %s", error)

    @property
    def names(self) -> frozenset[str]:
        """The parameters that the texts use."""
        return frozenset().union(*(text.names for text in self._texts or ()))

    def render(self, values: Mapping[str, Any]) -> Text:
        """Return the text, shortened to what the inbox holds; the fallback if it cannot be rendered."""
        if self._texts is None:
            return self._fallback
        try:
            return fill(*self._texts, values)
        except wording.WordingError as error:
            return self._fail(str(error))

    def _fail(self, why: str) -> Text:
        """Say so once: the same wording fails for as many people as there are."""
        if not self._failed:
            logger.error("People get the fallback notification of %s: %s.", self._slug, why)
        self._failed = True
        return self._fallback


def fill(title: SandboxedTemplate, message: SandboxedTemplate, values: Mapping[str, Any]) -> Text:
    """Return the text, shortened to what the inbox holds; raise WordingError, which does not tell the values.

    The except is as broad as those where a failure becomes a row: staff write the wordings, people the values, and
    whatever the two do together must not take the notification from anybody.
    """
    missing = (title.names | message.names) - values.keys()
    if missing:
        raise wording.WordingError(f"{', '.join(sorted(missing))} is missing")
    short = {name: _bounded(value) for name, value in values.items()}
    found = Text(
        shorten(" ".join(_text(title, short).split()), TITLE_LENGTH),
        shorten(_text(message, short).strip(), MESSAGE_LENGTH),
    )
    if not found.title:
        raise wording.WordingError("the title is empty")
    return found


def _text(template: SandboxedTemplate, values: Mapping[str, Any]) -> str:
    try:
        return template.text(values)
    except Exception as error:  # noqa: BLE001 - see fill
        raise wording.WordingError(f"{type(error).__name__} in {template.source!r}") from None


def _bounded(value: Any) -> Any:
    """Cut a text to what anybody could see of it: filters would work on all of it, again and again."""
    return value[: MESSAGE_LENGTH + 1] if isinstance(value, str) else value


def shorten(text: str, length: int) -> str:
    """Cut to so many characters as the database counts them, and without those that it cannot hold."""
    storable = UNSTORABLE.sub("", text)
    return storable if len(storable) <= length else storable[: length - 1] + "…"
