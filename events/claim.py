"""Claim: take due rows and the objects they belong to, in one statement that is committed by itself."""

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

from events import work_sql
from events.conf import conf
from events.priority import Priority
from events.sql import fetch

M = TypeVar("M", bound=models.Model)


def claim(model: type[M], limit: int, *, gate: str, parent: str, values: Sequence[object] = ()) -> list[M]:
    """Take up to `limit` due rows of a model of leased work under one fresh token, in the order they are to be done.

    `parent` names the foreign key of the object that comes along; it stays to be fetched where that is gone.
    `values` are the parameters of the gate.
    """
    # A commit that is not waited for can be lost if the server crashes, and the claim with it: the row is due
    # as before. A transaction that is somebody else's is not ours to weaken.
    statement = claim_statement(model, gate, parent, lazily=not connection.in_atomic_block)
    rows = fetch(statement, [uuid.uuid4(), conf.lease_seconds, list(Priority.values), *values, limit, limit])
    width, related = len(model._meta.concrete_fields), _related(model, parent)
    claimed = []
    for row in rows:
        work = _instance(model, row[:width])
        if row[width] is not None:
            setattr(work, parent, _instance(related, row[width:]))
        claimed.append(work)
    return claimed


@cache
def claim_statement(model: type[models.Model], gate: str, parent: str, *, lazily: bool) -> str:
    """Return the claim as text: of the row's columns and then its parent's, whose primary key comes first."""
    related = _related(model, parent)
    table, key = connection.ops.quote_name(related._meta.db_table), related._meta.pk.column
    joined = f'{table} parent ON parent."{key}" = claimed.{parent}_id'
    columns = f"{_columns(model, 'claimed')}, {_columns(related, 'parent')}"
    return work_sql.claim(model._meta.db_table, gate, columns=columns, joined=joined, lazily=lazily)


def _related(model: type[models.Model], parent: str) -> type[models.Model]:
    found: type[models.Model] = model._meta.get_field(parent).related_model  # type: ignore[assignment]
    return found


def _columns(model: type[models.Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def _instance(model: type[M], values: Sequence[Any]) -> M:
    """Return a row as Django would have loaded it."""
    names, converters = _reader(model)
    loaded = list(values)
    for index, column, convert in converters:
        loaded[index] = convert(loaded[index], column, connection)
    return model.from_db(DEFAULT_DB_ALIAS, names, loaded)


@cache
def _reader(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any, Any]]]:
    """Return the names of the fields, and how those are read that psycopg does not read by itself."""
    fields = model._meta.concrete_fields
    converters = [
        (index, field.cached_col, field.from_db_value)
        for index, field in enumerate(fields)
        if hasattr(field, "from_db_value")
    ]
    return [field.attname for field in fields], converters
