"""What operators laid down for an event type and its category, in one query."""

import json
from dataclasses import dataclass
from datetime import timedelta

from engagement.decide import NO_RULE, Importance, Rule
from events.sql import fetch

#: The event type's first.
STATEMENT = """
    SELECT event_type, channels::text, mandatory::text, is_active, retention, importance
      FROM engagement_notificationrule
     WHERE (event_type = %s AND category = '') OR (event_type = '' AND category = %s)
     ORDER BY event_type DESC"""


@dataclass(frozen=True, slots=True)
class Rules:
    """Both rules; of retention and importance what the stronger one says, which is the event type's."""

    of_type: Rule = NO_RULE
    of_category: Rule = NO_RULE
    retention: timedelta | None = None
    importance: Importance | None = None

    @property
    def enabled(self) -> bool:
        """Whether anybody is to be notified at all."""
        return self.of_type.enabled and self.of_category.enabled


def rules_for(event_type: str, category: str) -> Rules:
    """Return what was laid down; an empty Rules if nothing was."""
    rows = fetch(STATEMENT, [event_type, category])
    found = {
        bool(name): Rule(
            None if channels is None else frozenset(json.loads(channels)),
            frozenset(json.loads(mandatory)),
            enabled,
        )
        for name, channels, mandatory, enabled, _, _ in rows
    }
    return Rules(
        found.get(True, NO_RULE),
        found.get(False, NO_RULE),
        next((retention for *_, retention, _ in rows if retention), None),
        next((Importance(importance) for *_, importance in rows if importance), None),
    )
