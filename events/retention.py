"""Expiring: rows that say themselves when they may be deleted."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from events.sql import execute


class Expiring(models.Model):
    """A row with `delete_at`, set when it is written. The clean-up deletes it afterwards, unless it is still owed."""

    delete_at = models.DateTimeField()

    class Meta:
        abstract = True
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["delete_at"], name="%(class)s_delete_at")
        ]

    @classmethod
    def still_owed(cls) -> tuple[str, list[object]]:
        """Return an SQL condition on the alias `expired`, and its parameters: these rows stay for now."""
        return "FALSE", []

    @classmethod
    def delete_expired(cls, now: datetime, limit: int) -> int:
        """Delete up to `limit` rows, the longest expired first; return how many.

        One statement over ids found by index: no cascade collector, no long transaction.
        """
        owed, values = cls.still_owed()
        table, key = cls._meta.db_table, cls._meta.pk.attname
        return execute(
            f"DELETE FROM {table} WHERE {key} = ANY(ARRAY({expired_sql(table, key, owed)}))",
            [now, *values, limit],
        )


def expired_sql(table: str, primary_key: str, owed: str) -> str:
    """Return the query of what may go. Parameters: now, those of `owed`, limit."""
    return f"""
        SELECT expired.{primary_key} FROM {table} expired
         WHERE expired.delete_at < %s AND NOT ({owed})
         ORDER BY expired.delete_at
         LIMIT %s
           FOR UPDATE SKIP LOCKED"""
