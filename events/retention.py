"""Expiring: rows that say themselves when they may be deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from django.db import connection, models

from events.sql import execute

#: An SQL condition on the alias `expired`, and its parameters.
Owed = tuple[str, list[object]]


#: What else the clean-up does each hour.
hourly: list[Callable[[], object]] = []


class Expiring(models.Model):
    """A row with `delete_at`, set when it is written. The clean-up deletes it afterwards, unless it is still owed."""

    delete_at = models.DateTimeField()

    class Meta:
        abstract = True
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["delete_at"], name="%(class)s_delete_at")
        ]

    @classmethod
    def still_owed(cls) -> list[Owed]:
        """Return SQL conditions on the alias `expired`, with their parameters: what fulfils one stays for now."""
        return []

    @classmethod
    def delete_expired(cls, now: datetime, limit: int) -> int:
        """Delete up to `limit` rows, the longest expired first; return how many.

        One statement over ids found by index: no cascade collector, no long transaction.
        """
        table, key = table_and_key(cls)
        expired, values = expired_sql(cls, now, limit)
        return execute(f"DELETE FROM {table} WHERE {key} = ANY(ARRAY({expired}))", values)


def table_and_key(model: type[models.Model]) -> tuple[str, str]:
    """Return a model's table and the column of its primary key, quoted: a project may call them what it likes."""
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), quote(str(model._meta.pk.column))


def expired_sql(model: type[Expiring], now: datetime, limit: int) -> tuple[str, list[object]]:
    """Return the query of the ids that may go, and its parameters.

    Each condition is a NOT EXISTS of its own: joined by OR, they would each read the other table as a whole.
    """
    (table, key), owed = table_and_key(model), model.still_owed()
    statement = f"""
        SELECT expired.{key} FROM {table} expired
         WHERE expired.delete_at < %s {" ".join(f"AND NOT ({condition})" for condition, _ in owed)}
         ORDER BY expired.delete_at
         LIMIT %s
           FOR UPDATE OF expired SKIP LOCKED"""
    return statement, [now, *(value for _, values in owed for value in values), limit]
