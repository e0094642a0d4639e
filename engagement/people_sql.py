"""What decides of people, as of now: their accounts, choices, settings, mutes and endpoints, in one query.

People have no constraint, so they may be gone.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from engagement.conf import conf
from engagement.decide import Choice, Digest, Preset, Traits, is_quiet
from engagement.endpoints_sql import REACHED, of_the_account, reached
from engagement.models import NotifiableEvent, NotificationBatch
from engagement.models.person import zone
from engagement.notice import Notice
from events.sql import fetch


@dataclass(frozen=True, slots=True)
class Habits:
    """What a person has set for themselves, as far as it matters when something is told, and how."""

    language: str
    #: Empty for the installation's.
    time_zone: str = ""
    quiet_until: time | None = None
    digest_hour: int | None = None

    @property
    def zone(self) -> tzinfo:
        """The person's time zone."""
        return zone(self.time_zone)

    @property
    def digest_time(self) -> time:
        """At which time of day the daily digest leaves."""
        return time(conf.digest_hour if self.digest_hour is None else self.digest_hour)


@dataclass(frozen=True, slots=True)
class Group:
    """Undecided NotifiableEvents whose people, as of now, have the same traits and habits."""

    traits: Traits
    habits: Habits
    pks: list[int]

    @property
    def language(self) -> str:
        """In which they are told."""
        return self.habits.language

    @property
    def time_zone(self) -> str:
        """In which moments are shown; empty for the installation's."""
        return self.habits.time_zone


#: How many columns `people_sql` returns.
WIDTH = 17


@cache
def people_sql(actor: str, about: str, now: str, event_type: str, category: str) -> tuple[str, str]:
    """Return the columns and the joins to a row `concerned` that has a person_id; the arguments are SQL expressions.

    Choices by LATERAL with a LIMIT, which is not turned into a join: it is always a look-up of the person,
    whatever the statistics say. The mutes of an event that is about nothing are not looked up.
    """
    quote = connection.ops.quote_name
    table, key, active = (name and quote(name) for name in _names())
    is_active = f"coalesce(person.{active}, TRUE)" if active else "TRUE"
    used = of_the_account()
    missing = _names_if((each.name, f"coalesce({each.endpoint_sql('person')}, '') = ''") for each in used)
    suppressed = _names_if((each.name, each.suppressed_sql("person")) for each in used)
    choice = """
        LEFT JOIN LATERAL (
             SELECT type, channels, digest FROM engagement_notificationpreference
              WHERE person_id = concerned.person_id AND event_type = {} AND category = {} LIMIT 1) {} ON TRUE"""
    columns = f"""
        person.{key} IS NOT NULL, {is_active}, concerned.person_id IS NOT DISTINCT FROM {actor},
        {about} <> '' AND EXISTS (
            SELECT 1 FROM engagement_mute
             WHERE person_id = concerned.person_id AND about = {about} AND (until IS NULL OR until > {now})),
        by_type.type, by_type.channels::text, by_category.type, by_category.channels::text,
        by_category.digest, {missing}, {suppressed}, reached.channels,
        settings.language, settings.time_zone, settings.quiet_from, settings.quiet_until, settings.digest_hour"""
    joins = f"""
          LEFT JOIN {table} person ON person.{key} = concerned.person_id
          LEFT JOIN engagement_notificationsettings settings ON settings.person_id = concerned.person_id
          {choice.format(event_type, "''", "by_type")} {choice.format("''", category, "by_category")} {REACHED}"""
    return columns, joins


def _names_if(conditions: Iterable[tuple[str, str]]) -> str:
    """Return an SQL expression for the array of those names whose condition holds."""
    found = (f"CASE WHEN {condition} THEN ARRAY['{name}'] ELSE '{{}}' END" for name, condition in conditions)
    return " || ".join(["'{}'::text[]", *found])


def _names() -> tuple[str, str, str | None]:
    """Return the table of people, its key, and the column that says whether they are active, if it has one."""
    person = get_user_model()._meta
    columns = {field.name: field.column for field in person.concrete_fields if field.column}
    return person.db_table, str(person.pk.column), columns.get("is_active")


@cache
def _groups_sql() -> str:
    """Return the query; keys come in any order, since to order them is to compare each row by all columns."""
    columns, joins = people_sql("%s", "%s", "%s", "%s", "%s")
    return f"""
        SELECT {columns}, array_agg(concerned.id)
          FROM (SELECT id, person_id FROM engagement_notifiableevent
                 WHERE outcomes IS NULL AND {{condition}}) concerned
          {joins}
         GROUP BY {", ".join(str(number) for number in range(1, WIDTH + 1))}"""


def groups_of_batch(batch: NotificationBatch, notice: Notice) -> list[Group]:
    """Return the undecided of a batch."""
    condition = "id BETWEEN %s AND %s AND event_log_id = %s AND notifier = %s"
    return _groups(notice, condition, [batch.first_id, batch.last_id, batch.event_id, batch.notifier])


def group_of_one(notifiable: NotifiableEvent, notice: Notice) -> list[Group]:
    """Return the group of one NotifiableEvent, locked; nothing if it has been decided."""
    return _groups(notice, "id = %s FOR UPDATE", [notifiable.pk])


def _groups(notice: Notice, condition: str, values: Sequence[Any]) -> list[Group]:
    statement, now = _groups_sql().replace("{condition}", condition), timezone.now()
    given = [notice.actor_id, notice.about, notice.about, now, *values, notice.event_type, notice.category]
    return [Group(*read(row[:WIDTH], now), sorted(row[WIDTH])) for row in fetch(statement, given)]


def read(row: Sequence[Any], now: datetime) -> tuple[Traits, Habits]:
    """Return what the columns of `people_sql` say."""
    exists, active, is_actor, muted, *choices, digest, missing, suppressed, endpoints = row[:12]
    language, place, start, end, digest_hour = row[12:]
    nowhere, barred = reached(endpoints)
    known = language in dict(settings.LANGUAGES)
    habits = Habits(language if known else settings.LANGUAGE_CODE, place or "", end, digest_hour)
    traits = Traits(
        exists=exists,
        active=active,
        is_actor=is_actor,
        muted=muted,
        type_choice=_choice(*choices[:2]),
        category_choice=_choice(*choices[2:]),
        quiet=start is not None and is_quiet(now.astimezone(habits.zone).time(), start, end),
        digest=Digest(digest) if digest else None,
        no_endpoint=frozenset(missing) | nowhere,
        suppressed=frozenset(suppressed) | barred,
    )
    return traits, habits


def _choice(preset: str | None, further: str | None) -> Choice | None:
    """Return what was chosen; None if there is no record."""
    if preset is None:
        return None
    channels = json.loads(further or "{}")
    return Choice(Preset(preset) if preset else None, tuple(sorted(channels.items())))
