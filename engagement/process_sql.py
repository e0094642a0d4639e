"""The statements of a batch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from engagement.decide import Medium, Outcome, Status, is_implied
from engagement.models import NotificationBatch
from engagement.notice import Notice
from engagement.render import Text
from events.sql import execute

#: Whoever decides first has decided: the row lock lets the second see that.
DECIDE = "UPDATE engagement_notifiableevent SET outcomes = %s::jsonb WHERE id = ANY(%s) AND outcomes IS NULL"
INSERT = f"""
    WITH concerned AS ({DECIDE} RETURNING id, person_id, event_type, delete_at),
         texts AS (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::boolean[])
                       WITH ORDINALITY AS texts(title, message, reason, is_fallback, number))
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, title, message, reason, is_fallback,
            category, url, about, "group", importance, created_at, delete_at)
    SELECT concerned.id, concerned.person_id, concerned.event_type, texts.title, texts.message, texts.reason,
           texts.is_fallback,
           %s, %s, %s, %s, %s, %s, concerned.delete_at
      FROM concerned {{joined}}
    ON CONFLICT (event_id) DO NOTHING"""
INSERT_SAME = INSERT.format(joined="CROSS JOIN texts")
INSERT_OWN = INSERT.format(
    joined="JOIN unnest(%s::bigint[], %s::integer[]) AS own(id, number) USING (id) JOIN texts USING (number)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """NotifiableEvents with the same outcomes on every channel."""

    media: Sequence[Medium]
    #: One for each of these.
    results: Sequence[Outcome]
    pks: list[int]

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """The outcomes by channel."""
        return {medium.name: outcome for medium, outcome in self._pairs()}

    def _pairs(self) -> Iterator[tuple[Medium, Outcome]]:
        return zip(self.media, self.results, strict=True)

    def is_skipped(self) -> bool:
        """Tell whether nothing was sent on any channel."""
        return all(outcome.status == Status.SKIPPED for outcome in self.results)

    def values(self) -> list[Any]:
        """Return the parameters of DECIDE; what goes without saying is not stored."""
        told = {
            medium.name: str(outcome) for medium, outcome in self._pairs() if not is_implied(medium, outcome)
        }
        return [json.dumps(told), self.pks]


def store(decided: Decided) -> None:
    """Write the outcomes; nobody gets anything in the inbox."""
    execute(DECIDE, decided.values())


def store_and_show(
    decided: Decided, notice: Notice, texts: Sequence[Text], number: Mapping[int, int]
) -> None:
    """Write the outcomes and the inbox rows; `number` tells which of the texts is whose."""
    used = {place: at for at, place in enumerate(sorted({number[pk] for pk in decided.pks}))}
    texts, places = [texts[place] for place in used], [used[number[pk]] + 1 for pk in decided.pks]
    columns = [
        [getattr(text, name) for text in texts] for name in ("title", "message", "reason", "is_fallback")
    ]
    common = [notice.category, notice.url, notice.about, notice.group, notice.policy.importance]
    values = [*decided.values(), *columns, *common, timezone.now()]
    if len(texts) == 1:
        execute(INSERT_SAME, values)
    else:
        execute(INSERT_OWN, [*values, decided.pks, places])


def add_counts(batch: NotificationBatch, counts: Sequence[int], *, finish: bool) -> None:
    """Add to created, skipped and fallbacks: done again, a batch finds only what is still undecided.

    `finish` completes a batch that nobody had to claim.
    """
    finished = ", state = 'succeeded', finished_at = statement_timestamp()" if finish else ""
    execute(
        f"""UPDATE engagement_notificationbatch
               SET created = created + %s, skipped = skipped + %s, fallbacks = fallbacks + %s {finished}
             WHERE id = %s""",
        [*counts, batch.pk],
    )
