"""Loud readers of environment variables: a wrong value stops the start and says what to set."""

import os

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


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


def integer(name: str, default: int) -> int:
    """Return the variable as a whole number; raise if it is not one."""
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def decimal(name: str, default: float) -> float:
    """Return the variable as a number, such as 0.5; raise if it is not one."""
    value = os.environ.get(name)
    if value is None:
        return default
    try:
        return float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}.") from None


def words(name: str, default: list[str]) -> list[str]:
    """Return a comma-separated variable as a list without empty items."""
    value = os.environ.get(name)
    if value is None:
        return default
    return [word.strip() for word in value.split(",") if word.strip()]


def secret_key(*, debug: bool) -> str:
    """Return SECRET_KEY; only with DEBUG may it be missing, since sessions and tasks are signed with it."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    if debug:
        return "insecure-development-key-" + "x" * 40
    raise ImproperlyConfigured("Set SECRET_KEY (50 random characters or more), or DEBUG=1 for development.")
