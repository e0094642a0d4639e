"""What a wording may use, in words for those who write it: names, types and what they mean."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic.fields import FieldInfo

from engagement.registry import event_type_of

TEXT = _("text")

#: In this order: a bool is an int as well, and a datetime a date.
TYPES: dict[type, str | Promise] = {
    bool: _("yes or no"),
    int: _("whole number"),
    float: _("number"),
    Decimal: _("number"),
    str: TEXT,
    datetime: _("date and time"),
    date: _("date"),
    time: _("time of day"),
    timedelta: _("length of time"),
    UUID: _("id"),
    NoneType: _("nothing"),
}
COMMON: dict[str, str | Promise] = {
    "person": _("the name of whoever reads it"),
    "reason": _("why they hear of it; the notification shows it as well"),
    "url": _("where the notification leads; the notification links to it as well"),
    "site": _("the name of this site"),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name that the texts may use."""

    name: str
    type: str | Promise
    description: str | Promise = ""
    sensitive: bool = False


def parameters_of(slug: str) -> list[Parameter]:
    """Return the fields of the payload, then what every wording may use besides; only that for an unknown slug.

    A field called `person`, `reason` or `site` takes the place of the common one; `url` is always the notification's.
    """
    found = event_type_of(slug)
    fields = dict(found.payload.model_fields) if found else {}
    fields.pop("url", None)
    own = [
        _parameter(name, field, found.sensitive if found else frozenset()) for name, field in fields.items()
    ]
    common = [Parameter(name, TEXT, said) for name, said in COMMON.items() if name not in fields]
    return own + common


def _parameter(name: str, field: FieldInfo, sensitive: frozenset[str]) -> Parameter:
    return Parameter(name, type_in_words(field.annotation), field.description or "", name in sensitive)


def type_in_words(annotation: Any) -> str:
    """Return what to call a type: `list[str] | None` is "list (text) or nothing"."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_in_words(arguments[0])
    if origin in (Union, UnionType):
        return gettext(" or ").join(dict.fromkeys(type_in_words(each) for each in arguments))
    if origin is Literal:
        return _one_of(arguments)
    if isinstance(origin, type):
        return _collection(origin, arguments)
    return _class(annotation)


def _collection(origin: type, arguments: tuple[Any, ...]) -> str:
    inner = dict.fromkeys(type_in_words(each) for each in arguments if each is not ...)
    name = gettext("table") if issubclass(origin, Mapping) else gettext("list")
    return f"{name} ({', '.join(inner)})"


def _class(annotation: Any) -> str:
    if annotation is Any or not isinstance(annotation, type):
        return gettext("anything")
    if issubclass(annotation, enum.Enum):
        return _one_of(each.value for each in annotation)
    known = next((name for kind, name in TYPES.items() if issubclass(annotation, kind)), annotation.__name__)
    return str(known)


def _one_of(values: Any) -> str:
    return gettext("one of %s") % ", ".join(str(value) for value in values)
