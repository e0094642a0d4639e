"""The statements of a batch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from engagement.decide import Outcome, Preset, Traits
from engagement.models import NotifiableEvent, NotificationBatch
from engagement.notice import Notice
from engagement.render import Text
from events.sql import execute, fetch


@dataclass(frozen=True, slots=True)
class Group:
    """Undecided NotifiableEvents whose people, as of now, have the same traits."""

    traits: Traits
    pks: list[int]


@cache
def _groups_sql() -> str:
    """Return the query of the groups; people have no constraint, so they may be gone."""
    quote = connection.ops.quote_name
    table, key, active = (name and quote(name) for name in _names())
    is_active = f"coalesce(person.{active}, TRUE)" if active else "TRUE"
    # Choices by subquery, not join: that is always a look-up of the person, whatever the statistics say.
    choice = "SELECT type FROM engagement_notificationpreference WHERE person_id = concerned.person_id"
    return f"""
        SELECT person.{key} IS NOT NULL, {is_active}, concerned.person_id IS NOT DISTINCT FROM %s,
               ({choice} AND event_type = %s AND category = ''), ({choice} AND event_type = '' AND category = %s),
               array_agg(concerned.id ORDER BY concerned.id)
          FROM (SELECT id, person_id FROM engagement_notifiableevent
                 WHERE outcomes IS NULL AND {{condition}}) concerned
          LEFT JOIN {table} person ON person.{key} = concerned.person_id
         GROUP BY 1, 2, 3, 4, 5"""


def _names() -> tuple[str, str, str | None]:
    """Return the table of people, its key, and the column that says whether they are active, if it has one."""
    person = get_user_model()._meta
    columns = {field.name: field.column for field in person.concrete_fields if field.column}
    return person.db_table, str(person.pk.column), columns.get("is_active")


def groups_of_batch(batch: NotificationBatch, notice: Notice) -> list[Group]:
    """Return the undecided of a batch."""
    condition = "id BETWEEN %s AND %s AND event_log_id = %s AND notifier = %s"
    return _groups(notice, condition, [batch.first_id, batch.last_id, batch.event_id, batch.notifier])


def group_of_one(notifiable: NotifiableEvent, notice: Notice) -> list[Group]:
    """Return the group of one NotifiableEvent, locked; nothing if it has been decided."""
    return _groups(notice, "id = %s FOR UPDATE", [notifiable.pk])


def _groups(notice: Notice, condition: str, values: Sequence[Any]) -> list[Group]:
    statement = _groups_sql().replace("{condition}", condition)
    rows = fetch(statement, [notice.actor_id, notice.event_type, notice.category, *values])
    return [Group(_traits(*traits), pks) for *traits, pks in rows]


def _traits(
    exists: bool, active: bool, is_actor: bool, by_type: str | None, by_category: str | None
) -> Traits:
    choices = [None if choice is None else Preset(choice) for choice in (by_type, by_category)]
    return Traits(exists, active, is_actor, *choices)


#: Whoever decides first has decided: the row lock lets the second see that.
DECIDE = "UPDATE engagement_notifiableevent SET outcomes = %s::jsonb WHERE id = ANY(%s) AND outcomes IS NULL"
INSERT = f"""
    WITH concerned AS ({DECIDE} RETURNING id, person_id, event_type)
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, delete_at)
    SELECT concerned.id, concerned.person_id, concerned.event_type, %s, {{texts}}, %s, %s, %s, %s, %s
      FROM concerned {{joined}}
    ON CONFLICT (event_id) DO NOTHING"""
INSERT_SAME = INSERT.format(texts="%s, %s", joined="")
INSERT_PERSONAL = INSERT.format(
    texts="texts.title, texts.message",
    joined="JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS texts(id, title, message) USING (id)",
)


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """NotifiableEvents with the same outcomes on every channel."""

    outcomes: Mapping[str, Outcome]
    pks: list[int]

    def values(self) -> list[Any]:
        """Return the parameters of DECIDE."""
        return [json.dumps({channel: str(outcome) for channel, outcome in self.outcomes.items()}), self.pks]


def store(decided: Decided) -> None:
    """Write the outcomes; nobody gets anything in the inbox."""
    execute(DECIDE, decided.values())


def store_and_show(decided: Decided, notice: Notice, text: Text) -> None:
    """Write the outcomes and the inbox rows, all with one text."""
    texts = [notice.category, text.title, text.message]
    execute(INSERT_SAME, [*decided.values(), *texts, *_common(notice)])


def store_and_show_personal(decided: Decided, notice: Notice, texts: Mapping[int, Text]) -> None:
    """Write the outcomes and the inbox rows, each with its own text."""
    columns = [
        list(texts),
        [text.title for text in texts.values()],
        [text.message for text in texts.values()],
    ]
    execute(INSERT_PERSONAL, [*decided.values(), notice.category, *_common(notice), *columns])


def _common(notice: Notice) -> list[Any]:
    return [notice.url, str(notice.reason), notice.about, timezone.now(), notice.delete_at]


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


def people_of(pks: Sequence[int]) -> dict[int, Any]:
    """Return whom each of these NotifiableEvents concerns, as a primary key."""
    return dict(fetch("SELECT id, person_id FROM engagement_notifiableevent WHERE id = ANY(%s)", [list(pks)]))
