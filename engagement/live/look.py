"""Look up, in as few statements as it takes, what those who are connected have to know."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from engagement import inbox
from engagement.live.row import as_json
from engagement.live.wanted import Wanted
from engagement.models import AppNotification
from events.sql import fetch

#: The newest of each of these people: by the index of the inbox, without looking at what is older.
NEWEST = """
    SELECT newest.* FROM unnest(%s::{key}[]) AS people(person_id) CROSS JOIN LATERAL (
           SELECT * FROM engagement_appnotification AS row
            WHERE row.person_id = people.person_id AND row.archived_at IS NULL
            ORDER BY row.person_id, row.id DESC LIMIT {size}) AS newest"""
UNREAD = """
    SELECT people.person_id, (SELECT count(*) FROM (
           SELECT 1 FROM engagement_appnotification AS row
            WHERE row.person_id = people.person_id AND row.read_at IS NULL AND row.archived_at IS NULL
            LIMIT {most}) AS counted)
      FROM unnest(%s::{key}[]) AS people(person_id)"""


@dataclass(slots=True)
class News:
    """What one person has to know."""

    badge: str = ""
    #: The newest rows, if they were wanted: what was known before does not count any more.
    state: list[dict[str, Any]] | None = None
    #: Rows that are new or have changed.
    upsert: list[dict[str, Any]] = field(default_factory=list)
    #: The ids of rows that are no more.
    remove: list[int] = field(default_factory=list)


def look(wanted: Wanted, connected: Collection[str]) -> dict[str, News]:
    """Return the news by person: of those connected who are in a batch, and of those named."""
    found: defaultdict[str, News] = defaultdict(News)
    for person in wanted.states:
        found[person].state = []
    for row in newest_of(wanted.states):
        found[str(row.person_id)].state += [as_json(row)]  # type: ignore[operator]  # it is a list by now
    known = {**_written(wanted, connected), **_changed(wanted)}
    for row in known.values():
        found[str(row.person_id)].upsert.append(as_json(row))
    for person, pks in _missing(wanted, known):
        found[person].remove += sorted(pks)
    for person, badge in badges_of(found).items():
        found[person].badge = badge
    return dict(found)


def newest_of(people: Collection[str]) -> list[AppNotification]:
    """Return the newest rows of each of these people."""
    if not people:
        return []
    statement = NEWEST.format(key=_key_type(), size=inbox.PAGE_SIZE)
    return list(AppNotification.objects.raw(statement, [_keys(people)]))


def badges_of(people: Collection[str]) -> dict[str, str]:
    """Return the badge of each of these people."""
    if not people:
        return {}
    rows = fetch(UNREAD.format(key=_key_type(), most=inbox.BADGE_LIMIT + 1), [_keys(people)])
    return {str(person): inbox.badge_of(count) for person, count in rows}


def rows_in_batch(first: int, last: int, connected: Collection[str]) -> Iterable[AppNotification]:
    """Return the rows that people who are connected have got by a batch."""
    found = AppNotification.objects.filter(event_id__gte=first, event_id__lte=last)
    return found.filter(person_id__in=_keys(connected)).order_by("event_id")


def _written(wanted: Wanted, connected: Collection[str]) -> dict[int, AppNotification]:
    if not connected:
        return {}
    return {row.pk: row for batch in wanted.batches for row in rows_in_batch(*batch, connected)}


def _changed(wanted: Wanted) -> dict[int, AppNotification]:
    pks = {pk for each in wanted.changed.values() for pk in each}
    return {row.pk: row for row in AppNotification.objects.filter(pk__in=pks).order_by("pk")}


def _missing(wanted: Wanted, known: Collection[int]) -> Iterable[tuple[str, set[int]]]:
    """Yield whose rows are no more: those withdrawn, and those that have changed and cannot be found since."""
    for person in {*wanted.gone, *wanted.changed}:
        gone = wanted.gone.get(person, set()) | wanted.changed.get(person, set())
        if missing := {pk for pk in gone if pk not in known}:
            yield person, missing


def _keys(people: Iterable[str]) -> list[Any]:
    to_python = get_user_model()._meta.pk.to_python
    return [to_python(person) for person in people]


def _key_type() -> str:
    return str(get_user_model()._meta.pk.rel_db_type(connection))
