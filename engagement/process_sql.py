"""The statements of a batch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from engagement.channels import channels
from engagement.decide import Choice, Outcome, Preset, Status, Traits, is_quiet
from engagement.models import NotifiableEvent, NotificationBatch
from engagement.models.person import zone
from engagement.notice import Notice
from engagement.render import Text
from events.sql import execute, fetch


@dataclass(frozen=True, slots=True)
class Group:
    """Undecided NotifiableEvents whose people, as of now, have the same traits, language and time zone."""

    traits: Traits
    language: str
    #: Empty for the installation's.
    time_zone: str
    pks: list[int]


@cache
def _groups_sql() -> str:
    """Return the query of the groups; people have no constraint, so they may be gone.

    Choices by LATERAL with a LIMIT, which is not turned into a join: it is always a look-up of the person,
    whatever the statistics say.
    """
    quote = connection.ops.quote_name
    table, key, active = (name and quote(name) for name in _names())
    is_active = f"coalesce(person.{active}, TRUE)" if active else "TRUE"
    used = [channel for channel in channels().values() if not channel.is_inbox]
    endpoints = [(each.name, each.no_endpoint_sql("person"), each.suppressed_sql("person")) for each in used]
    missing = " || ".join(["'{}'::text[]", *(_array_if(sql, name) for name, sql, _ in endpoints)])
    suppressed = " || ".join(["'{}'::text[]", *(_array_if(sql, name) for name, _, sql in endpoints)])
    choice = """
        LEFT JOIN LATERAL (
             SELECT type, channels FROM engagement_notificationpreference
              WHERE person_id = concerned.person_id AND event_type = %s AND category = %s LIMIT 1) {} ON TRUE"""
    return f"""
        SELECT person.{key} IS NOT NULL, {is_active}, concerned.person_id IS NOT DISTINCT FROM %s,
               EXISTS (SELECT 1 FROM engagement_mute
                        WHERE person_id = concerned.person_id AND about = %s AND (until IS NULL OR until > %s)),
               by_type.type, by_type.channels::text, by_category.type, by_category.channels::text,
               {missing}, {suppressed},
               settings.language, settings.time_zone, settings.quiet_from, settings.quiet_until,
               array_agg(concerned.id ORDER BY concerned.id)
          FROM (SELECT id, person_id FROM engagement_notifiableevent
                 WHERE outcomes IS NULL AND {{condition}}) concerned
          LEFT JOIN {table} person ON person.{key} = concerned.person_id
          LEFT JOIN engagement_notificationsettings settings ON settings.person_id = concerned.person_id
          {choice.format("by_type")} {choice.format("by_category")}
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14"""


def _array_if(condition: str, name: str) -> str:
    return f"CASE WHEN {condition} THEN ARRAY['{name}'] ELSE '{{}}' END"


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
    statement, now = _groups_sql().replace("{condition}", condition), timezone.now()
    given = [notice.actor_id, notice.about, now, *values, notice.event_type, "", "", notice.category]
    return [_group(row, now) for row in fetch(statement, given)]


def _group(row: Sequence[Any], now: datetime) -> Group:
    """Return a row of the query as a group."""
    exists, active, is_actor, muted, *choices, missing, suppressed, language, place, start, end, pks = row
    traits = Traits(
        exists=exists,
        active=active,
        is_actor=is_actor,
        muted=muted,
        type_choice=_choice(*choices[:2]),
        category_choice=_choice(*choices[2:]),
        quiet=start is not None and is_quiet(now.astimezone(zone(place)).time(), start, end),
        no_endpoint=frozenset(missing),
        suppressed=frozenset(suppressed),
    )
    known = language in dict(settings.LANGUAGES)
    return Group(traits, language if known else settings.LANGUAGE_CODE, place or "", pks)


def _choice(preset: str | None, further: str | None) -> Choice | None:
    """Return what was chosen; None if there is no record."""
    if preset is None:
        return None
    channels = json.loads(further or "{}")
    return Choice(Preset(preset) if preset else None, tuple(sorted(channels.items())))


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

    outcomes: Mapping[str, Outcome]
    pks: list[int]

    def is_skipped(self) -> bool:
        """Tell whether nothing was sent on any channel."""
        return all(outcome.status == Status.SKIPPED for outcome in self.outcomes.values())

    def values(self) -> list[Any]:
        """Return the parameters of DECIDE."""
        return [json.dumps({channel: str(outcome) for channel, outcome in self.outcomes.items()}), self.pks]


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
