"""Step 6: wording + event + person -> title and message; a fallback where the wording fails."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template import TemplateSyntaxError
from django.utils.text import Truncator

from engagement import wording
from engagement.models.app import MESSAGE_LENGTH, TITLE_LENGTH
from engagement.registry import permitted_params
from engagement.sandbox import SandboxedTemplate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads."""

    title: str
    message: str
    is_fallback: bool = False


class Renderer:
    """Renders one slug on one channel in one language, for many people."""

    def __init__(self, slug: str, channel: str, language: str, fallback: Text) -> None:
        self._fallback = fallback
        self._texts: tuple[SandboxedTemplate, SandboxedTemplate] | None = None
        try:
            found = wording.find(slug, channel, language)
            found.check(permitted_params(slug))
            self._texts = found.compiled()
        except wording.WordingError as error:
            logger.error("People get the fallback notification. %s", error)

    @property
    def is_personal(self) -> bool:
        """Whether the text differs from person to person."""
        return self._texts is not None and any("person" in text.names for text in self._texts)

    def render(self, values: Mapping[str, Any]) -> Text:
        """Return the text, shortened to what the inbox holds; the fallback if a value cannot be shown."""
        if self._texts is None:
            return self._fallback
        title, message = self._texts
        missing = (title.names | message.names) - values.keys()
        if missing:
            logger.error(
                "A person gets the fallback notification: %s is missing.", ", ".join(sorted(missing))
            )
            return self._fallback
        try:
            return Text(
                _shorten(" ".join(title.text(values).split()), TITLE_LENGTH),
                _shorten(message.text(values).strip(), MESSAGE_LENGTH),
            )
        except (ArithmeticError, LookupError, TemplateSyntaxError, TypeError, ValueError) as error:
            logger.error(
                "A person gets the fallback notification. %s: %s", title.source, type(error).__name__
            )
            return self._fallback


def _shorten(text: str, length: int) -> str:
    return Truncator(text).chars(length) if len(text) > length else text
