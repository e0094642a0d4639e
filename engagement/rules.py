"""What operators laid down for an event type and its category, in one query."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engagement.conf import LONGEST_DELAY
from engagement.decide import NO_RULE, Digest, Importance, Rule
from engagement.registry import is_sensitive
from events.sql import fetch

EVERY = """
    SELECT event_type, category, channels::text, mandatory::text, is_active, digest, email_delay,
           retention, importance
      FROM engagement_notificationrule"""
#: The event type's first.
STATEMENT = f"""{EVERY}
     WHERE (event_type = %s AND category = '') OR (event_type = '' AND category = %s)
     ORDER BY event_type DESC"""


@dataclass(frozen=True, slots=True)
class Rules:
    """Both rules; of retention and importance what the stronger one says, which is the event type's."""

    of_type: Rule = NO_RULE
    of_category: Rule = NO_RULE
    retention: timedelta | None = None
    importance: Importance | None = None
    #: Whether the event type has sensitive fields: then nothing waits, whatever was laid down.
    is_secret: bool = False

    @property
    def enabled(self) -> bool:
        """Whether anybody is to be notified at all."""
        return self.of_type.enabled and self.of_category.enabled


def rules_for(event_type: str, category: str) -> Rules:
    """Return what was laid down; an empty Rules if nothing was."""
    return _rules(event_type, fetch(STATEMENT, [event_type, category]))


class RuleBook:
    """Every rule, read in one query: for pages that show what applies to many event types."""

    def __init__(self) -> None:
        self._rows = {(row[0], row[1]): row for row in fetch(EVERY)}

    def rules_for(self, event_type: str, category: str) -> Rules:
        """Return what `rules_for` would."""
        scopes = [(event_type, ""), ("", category)]
        return _rules(event_type, [self._rows[scope] for scope in scopes if scope in self._rows])


def _rules(event_type: str, rows: Sequence[Sequence[Any]]) -> Rules:
    """Return rows of the table, the event type's first, as rules."""
    found = {bool(row[0]): _rule(*row[2:7]) for row in rows}
    return Rules(
        found.get(True, NO_RULE),
        found.get(False, NO_RULE),
        next((retention for *_, retention, _ in rows if retention), None),
        next((Importance(importance) for *_, importance in rows if importance), None),
        is_sensitive(event_type),
    )


def _rule(
    channels: str | None, mandatory: str, enabled: bool, digest: str, email_delay: timedelta | None
) -> Rule:
    return Rule(
        None if channels is None else frozenset(json.loads(channels)),
        frozenset(json.loads(mandatory)),
        enabled,
        Digest(digest) if digest else None,
        None if email_delay is None else _within_limits(email_delay),
    )


def _within_limits(email_delay: timedelta) -> timedelta:
    """Return a delay that was written past the form as one that can be waited for."""
    return min(max(email_delay, timedelta(0)), LONGEST_DELAY)
