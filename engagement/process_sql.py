"""The statements of a batch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from engagement.models import NotifiableEvent, NotificationBatch
from engagement.notice import Notice
from engagement.render import Text
from events.sql import execute, fetch


@dataclass(frozen=True, slots=True)
class Row:
    """An undecided NotifiableEvent, joined with its person as of now."""

    pk: int
    person_id: Any
    exists: bool
    active: bool


@cache
def _rows_sql() -> str:
    """Return the query of the rows; people have no constraint, so they may be gone."""
    quote = connection.ops.quote_name
    table, key, active = (name and quote(name) for name in _names())
    is_active = f"coalesce(person.{active}, TRUE)" if active else "TRUE"
    return f"""
        SELECT concerned.id, concerned.person_id, person.{key} IS NOT NULL, {is_active}
          FROM engagement_notifiableevent concerned
          LEFT JOIN {table} person ON person.{key} = concerned.person_id
         WHERE concerned.outcomes IS NULL"""


def _names() -> tuple[str, str, str | None]:
    """Return the table of people, its key, and the column that says whether they are active, if it has one."""
    person = get_user_model()._meta
    columns = {field.name: field.column for field in person.concrete_fields if field.column}
    return person.db_table, person.pk.attname, columns.get("is_active")


def batch_rows(batch: NotificationBatch) -> list[Row]:
    """Return the undecided rows of a batch."""
    condition = (
        " AND concerned.id BETWEEN %s AND %s AND concerned.event_log_id = %s AND concerned.notifier = %s"
    )
    values = [batch.first_id, batch.last_id, batch.event_id, batch.notifier]
    return _rows(f"{condition} ORDER BY concerned.id", values)


def single_row(notifiable: NotifiableEvent) -> list[Row]:
    """Return the row of one NotifiableEvent, locked; nothing if it has been decided."""
    return _rows(" AND concerned.id = %s FOR UPDATE OF concerned", [notifiable.pk])


def _rows(condition: str, parameters: Sequence[Any]) -> list[Row]:
    return [Row(*row) for row in fetch(_rows_sql() + condition, parameters)]


INSERT = """
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, delete_at)
    SELECT concerned.id, concerned.person_id, concerned.event_type, %s, {texts}, %s, %s, %s, %s, %s
      FROM engagement_notifiableevent concerned {chosen}
    ON CONFLICT (event_id) DO NOTHING"""
INSERT_SAME = INSERT.format(texts="%s, %s", chosen="WHERE concerned.id = ANY(%s)")
INSERT_PERSONAL = INSERT.format(
    texts="texts.title, texts.message",
    chosen="JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS texts(id, title, message)"
    " ON texts.id = concerned.id",
)


def insert_same(notice: Notice, pks: Sequence[int], text: Text) -> None:
    """Insert the inbox rows of these NotifiableEvents, all with one text."""
    execute(INSERT_SAME, [notice.category, text.title, text.message, *_common(notice), list(pks)])


def insert_personal(notice: Notice, pks: Sequence[int], texts: Sequence[Text]) -> None:
    """Insert the inbox rows of these NotifiableEvents, each with its own text."""
    columns = [list(pks), [text.title for text in texts], [text.message for text in texts]]
    execute(INSERT_PERSONAL, [notice.category, *_common(notice), *columns])


def _common(notice: Notice) -> list[Any]:
    return [notice.url, str(notice.reason), notice.about, timezone.now(), notice.delete_at]


def store_outcomes(combinations: Mapping[tuple[tuple[str, str], ...], Sequence[int]]) -> None:
    """Write the outcomes on the NotifiableEvents: one statement for each distinct combination."""
    for combination, pks in combinations.items():
        execute(
            "UPDATE engagement_notifiableevent SET outcomes = %s::jsonb WHERE id = ANY(%s)",
            [json.dumps(dict(combination)), list(pks)],
        )
