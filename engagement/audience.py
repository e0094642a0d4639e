"""Whom somebody named, as a query for primary keys of people."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models


def people(audience: "models.QuerySet[Any] | Iterable[Any]", source: str) -> "models.QuerySet[Any]":
    """Return an audience as a query; raise TypeError for anything but people.

    `source` begins the message: "x.audience() returned".
    """
    if isinstance(audience, models.QuerySet):
        return _keys_of(audience, source)
    person = get_user_model()
    keys = {person._meta.pk.to_python(key) for key in _keys(audience, source)}
    return person._default_manager.filter(pk__in=keys - {None}).values("pk")


def named(users: Any, source: str) -> tuple["models.QuerySet[Any]", int]:
    """Return people as a query, and how many were named; a queryset counts itself, so that is 0.

    What can be no primary key counts as named, but nobody has it.
    """
    if isinstance(users, models.QuerySet):
        return _keys_of(users, source), 0
    person, keys, wrong = get_user_model(), set(), 0
    for key in _keys(users, source):
        try:
            found = person._meta.pk.to_python(key)
        except (ValidationError, ValueError, OverflowError):
            found = None
        if found is None:
            wrong += 1
        else:
            keys.add(found)
    return person._default_manager.filter(pk__in=keys).values("pk"), len(keys) + wrong


def _keys_of(found: "models.QuerySet[Any]", source: str) -> "models.QuerySet[Any]":
    person = get_user_model()
    if not issubclass(found.model, person):
        raise TypeError(f"{source} a queryset of {found.model.__name__}, not of {person.__name__}.")
    ordered = found if found.query.is_sliced else found.order_by()
    return ordered.values("pk")


def _keys(audience: Any, source: str) -> list[Any]:
    """Return the primary keys of an iterable of people or primary keys; raise TypeError for anything else."""
    person = get_user_model()
    if not isinstance(audience, Iterable) or isinstance(audience, str | bytes | Mapping):
        raise TypeError(f"{source} {type(audience).__name__}, not a queryset or an iterable of people.")
    keys = []
    for each in audience:
        if isinstance(each, models.Model) and not isinstance(each, person):
            raise TypeError(f"{source} a {type(each).__name__}, which is no {person.__name__}.")
        if isinstance(each, bool | float):
            raise TypeError(f"{source} {each!r}, which is no primary key.")
        keys.append(getattr(each, "pk", each))
    return keys
