"""Payloads: the facts of an event, as pydantic models; and the envelope in which the log keeps them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PrivateAttr
from pydantic.fields import FieldInfo

from events.exceptions import NotPublished


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the log knows of an event besides its payload."""

    id: int
    event_id: UUID
    type: str
    occurred_at: datetime
    actor_id: Any
    about: str
    key: str | None
    correlation_id: UUID
    causation_id: UUID | None


class Secret:
    """Marks a payload field as sensitive: `code: Annotated[str, Secret()]`.

    It is masked in the admin, in representations, in stored errors and reasons, and erased from the log once every
    handler is done.
    """


class Payload(BaseModel):
    """The facts of one event: complete without the live rows, frozen, unknown fields refused on publishing."""

    # hidden: what is wrong may be a secret. constants: by default pydantic writes a NaN in an Any field as null;
    # publishing is to see and refuse it.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        ser_json_inf_nan="constants",
    )

    _envelope: Envelope | None = PrivateAttr(None)

    @property
    def envelope(self) -> Envelope:
        """The envelope of the logged event; handlers have it, a payload of your own making has not."""
        if self._envelope is None:
            raise NotPublished(f"This {type(self).__name__} was not read from the log: it has no envelope.")
        return self._envelope

    def ordered_by(self) -> str | None:
        """Return a key whose events each handler takes one after the other, or None for any order."""
        return None

    @classmethod
    def upcast(cls, data: dict[str, Any], version: int) -> dict[str, Any]:
        """Turn the data of an older version, as it stands in the log, into this version's."""
        return data

    def __eq__(self, other: object) -> bool:
        """Compare the facts: an event read from the log equals the payload that was published."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), repr(sorted(self.__dict__.items()))))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        hidden = sensitive_fields(type(self))
        for name, value in super().__repr_args__():
            yield name, "***" if name in hidden else value


def sensitive_fields(payload: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields marked Secret, or with something in them that is: a secret in a list, say."""
    return frozenset(name for name, field in payload.model_fields.items() if _is_secret(field, {payload}))


def _is_secret(field: FieldInfo, seen: set[type]) -> bool:
    return _has_mark(field.metadata) or _has_secret(field.annotation, seen)


def _has_mark(marks: Iterable[object]) -> bool:
    return any(isinstance(mark, Secret) or mark is Secret for mark in marks)


def _has_secret(annotation: Any, seen: set[type]) -> bool:
    """Tell whether a type is marked, or one inside it; `seen` are models that may refer to themselves."""
    if _has_mark(getattr(annotation, "__metadata__", ())):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        inside = annotation.model_fields.values()
        return any(_is_secret(field, seen | {annotation}) for field in inside)
    return any(_has_secret(argument, seen) for argument in get_args(annotation))
