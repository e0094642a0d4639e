"""Loud readers of environment variables: a wrong value stops the start and says what to set."""

import json
import math
import os
import re
from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
N = TypeVar("N", int, float)
MOST_DAYS = 36_500
LARGEST = 10**12


def text(name: str, default: str | None = None) -> str:
    """Return the variable, or the default; raise if there is neither."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"The environment variable {name} must be set.")
    return value


def boolean(name: str, *, default: bool) -> bool:
    """Return True for 1, true, yes, on and False for 0, false, no, off; raise for anything else."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() not in TRUE | FALSE:
        raise ImproperlyConfigured(
            f"{name} must be one of 1, true, yes, on, 0, false, no, off; not {value!r}."
        )
    return value.lower() in TRUE


def integer(name: str, default: int, *, minimum: int | None = None) -> int:
    """Return the variable as a whole number; raise if it is not one, or below the minimum."""
    return _number(int, "a whole number", name, default, minimum)


def decimal(name: str, default: float, *, minimum: float | None = None) -> float:
    """Return the variable as a number, such as 0.5; raise if it is not one, or below the minimum."""
    return _number(float, "a number", name, default, minimum)


def _number(read: Callable[[str], N], what: str, name: str, default: N, minimum: N | None) -> N:
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        found = read(value)
    except ValueError:
        found = None
    if (
        found is None
        or abs(found) > LARGEST
        or math.isnan(found)
        or (minimum is not None and found < minimum)
    ):
        limit = "" if minimum is None else f" from {minimum} on"
        raise ImproperlyConfigured(f"{name} must be {what}{limit}, not {value!r}.")
    return found


def log_level(name: str, default: str) -> str:
    """Return the variable as the name of a level of logging, in whatever case; raise if it is none."""
    value = os.environ.get(name, default)
    found = value.strip().upper()
    if found not in LEVELS:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(LEVELS)}; not {value!r}.")
    return found


def days(name: str, default: int) -> timedelta:
    """Return the variable, so many days, as a duration; raise unless it is one of a day to a hundred years."""
    found = integer(name, default)
    if not 1 <= found <= MOST_DAYS:
        raise ImproperlyConfigured(f"{name} must be from 1 to {MOST_DAYS} days, not {found}.")
    return timedelta(days=found)


def words(name: str, default: list[str]) -> list[str]:
    """Return a comma-separated variable as a list without empty items."""
    value = os.environ.get(name)
    if value is None:
        return default
    return [word.strip() for word in value.split(",") if word.strip()]


def json_object(name: str) -> dict[str, Any]:
    """Return the variable, a JSON object, as a dictionary; raise if it is none."""
    try:
        found = json.loads(text(name))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f'{name} must be a JSON object: {{"name": "value"}}.')
    return found


def path_or_json(name: str) -> str | dict[str, Any]:
    """Return the variable, the path of a file, or what is in it: then as a dictionary, of which no report shows a key.

    Raise for JSON that is no object; it is not repeated.
    """
    value = os.environ.get(name, "").strip()
    return json_object(name) if value.startswith("{") else value


def address(name: str, default: str) -> str:
    """Return the variable as somebody's email address, with or without a name; raise if it is none."""
    value = os.environ.get(name) or default
    found = parseaddr(value)[1]
    whole = value.isprintable() and (value == found or value.endswith(f"<{found}>"))
    if not whole or not re.fullmatch(r"[^@\s]+@[^@\s]+", found):
        raise ImproperlyConfigured(
            f"{name} must be an address, such as Carillon <no-reply@carillon.example>, not {value!r}."
        )
    return value


def origin(name: str) -> str:
    """Return the variable as "https://host" or "https://host:port"; "" if it is not set; raise for anything else.

    A path would be lost: the addresses of pages begin at the root of their host, and FORCE_SCRIPT_NAME if that is set.
    """
    value = os.environ.get(name, "").strip().removesuffix("/")
    if value and not _is_origin(value):
        raise ImproperlyConfigured(
            f"{name} must be https://host or https://host:port, without a path, not {value!r}."
        )
    return value


def url(name: str, default: str = "") -> str:
    """Return the variable as "https://host", "https://host:port/path" or with http; raise for anything else.

    It is not repeated: there may be a password in it.
    """
    value = os.environ.get(name, "").strip() or default
    whole = re.fullmatch(r"(https?://[^/]*)(/[^\s?#\\]*)?", value)
    if value and not (whole and _is_origin(whole[1])):
        raise ImproperlyConfigured(
            f"{name} must be https://host or https://host:port/path, without a user, a query or a fragment."
        )
    return value


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    plain = re.fullmatch(r"https?://[^\s/?#@\\]+", value) is not None
    return plain and bool(parts.hostname) and port != 0


def secret_key(*, debug: bool) -> str:
    """Return SECRET_KEY; only with DEBUG may it be missing, since sessions and tasks are signed with it."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    if debug:
        return "insecure-development-key-" + "x" * 40
    raise ImproperlyConfigured("Set SECRET_KEY (50 random characters or more), or DEBUG=1 for development.")
