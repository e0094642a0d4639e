"""Statements on the default database's connection, and what it says and takes; a public face of events."""

import re
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection
from psycopg.pq import TransactionStatus

#: What says that the database is out of reach. Django translates what its cursors raise, but not what is raised by
#: the psycopg connection below, on which we LISTEN.
LOST_DATABASE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

#: What PostgreSQL's text and jsonb cannot hold: NUL and lone surrogates.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def execute(statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run a statement; return how many rows it affected."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return int(cursor.rowcount)


def fetch(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a statement; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())


def storable(text: str) -> str:
    """Replace what PostgreSQL's text cannot hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\\0")


def drop_broken_off() -> None:
    """Close the connection if a signal broke off a statement on it: until that is done it takes no other."""
    raw = connection.connection
    if raw is not None and raw.info.transaction_status == TransactionStatus.ACTIVE:
        connection.close()
