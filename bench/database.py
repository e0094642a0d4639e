"""The databases of a run: on the server of the installation, made at the beginning and dropped at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from psycopg import sql
from psycopg.conninfo import make_conninfo

from events.sql import execute, fetch

#: Where the workers of M5's baselines leave a row; and the channel on which each row, theirs or an inbox's, is told.
ROWS = """
    CREATE TABLE bench_row (id bigserial PRIMARY KEY, number bigint NOT NULL, created_at timestamptz DEFAULT now());
    CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('bench_row', NEW.id::text); RETURN NULL; END $$"""
TELL = "CREATE TRIGGER bench_tell AFTER INSERT ON {} FOR EACH {} EXECUTE FUNCTION bench_tell()"
HUSH = "DROP TRIGGER IF EXISTS bench_tell ON {}"
TABLES = (
    "events_eventlog",
    "events_handlerrun",
    "engagement_notificationbatch",
    "engagement_notifiableevent",
    "engagement_appnotification",
    "engagement_delivery",
    "engagement_deliveryattempt",
    "engagement_endpoint",
    "django_q_ormq",
    "bench_row",
)
DROP = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
INBOX = "engagement_appnotification"


def dsn(name: str | None = None) -> str:
    """Return the libpq string of the bench database, or of another one on its server."""
    given: dict[str, Any] = connection.get_connection_params()
    known = {key: given[key] for key in ("host", "port", "user", "password", "sslmode") if given.get(key)}
    return make_conninfo(**known, dbname=name or given["dbname"])


@contextmanager
def created(name: str) -> Iterator[None]:
    """Make an empty database, and drop it in the end; one that a killed run left is dropped first."""
    create, drop = (sql.SQL(text).format(sql.Identifier(name)) for text in ("CREATE DATABASE {}", DROP))
    with psycopg.connect(dsn("postgres"), autocommit=True) as server:
        server.execute(drop)
        server.execute(create)
        try:
            yield
        finally:
            connection.close()
            server.execute(drop)


def fill(people: int) -> None:
    """Make the tables, and so many people with the primary keys 1, 2, 3 ..."""
    call_command("migrate", verbosity=0)
    execute(ROWS)
    person = get_user_model()
    members = (
        person(pk=number, username=f"person{number}", email=f"person{number}@example.org")
        for number in range(1, people + 1)
    )
    person._default_manager.bulk_create(members, batch_size=5_000)


def clear() -> None:
    """Bring the tables into the state from which every contender starts."""
    names = ", ".join(TABLES)
    while not _truncated(names):
        time.sleep(0.1)
    execute(f"VACUUM ANALYZE {names}, {get_user_model()._meta.db_table}")
    execute("CHECKPOINT")


def _truncated(names: str) -> bool:
    """Return False if a worker was in the way: better than to wait for it, which may come to a deadlock."""
    try:
        with transaction.atomic():
            execute("SET LOCAL lock_timeout = '200ms'")
            execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        return False
    return True


def count(table: str) -> int:
    """Return how many rows a table has."""
    ((found,),) = fetch(f"SELECT count(*) FROM {table}")
    return int(found)


@contextmanager
def telling(each: str = "ROW") -> Iterator[None]:
    """Have the rows in the inbox, and those that baselines leave, told on the channel bench_row.

    One by one, or, with `each` STATEMENT, together: that costs next to nothing, however many they are.
    """
    for table in (INBOX, "bench_row"):
        execute(TELL.format(table, each))
    try:
        yield
    finally:
        for table in (INBOX, "bench_row"):
            execute(HUSH.format(table))
