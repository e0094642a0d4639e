"""Numbers that cannot be meant, as a system check: nothing would fail, but work would be dead, or gone, at once."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error, register

from events.conf import Conf, Setting, conf

SMALLEST: list[tuple[Setting[Any], Any]] = [
    (Conf.__dict__[name], smallest)
    for name, smallest in {
        "lease_seconds": 1,
        "turn_seconds": 0.01,
        "stall_seconds": 0.01,
        "backoff_seconds": 0,
        "backoff_ceiling_seconds": 0,
        "max_attempts": 1,
        "max_crashes": 1,
        "retention": timedelta(seconds=1),
        "dead_retention": timedelta(0),
    }.items()
]


@register("events")
def check_numbers(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Is every number one, and large enough?"""
    return list(_wrong())


def _wrong() -> Iterable[CheckMessage]:
    for setting, smallest in SMALLEST:
        value = setting.__get__(conf, Conf)
        if not _is_enough(value, smallest):
            yield Error(
                f"{setting.name} is {value!r}.",
                hint=f"Set it to {smallest!r} or more; {setting.default!r} is the default.",
                id="events.E014",
            )


def _is_enough(value: Any, smallest: Any) -> bool:
    """Tell whether it is a number, or a duration, as the smallest is, and no less (nan is not)."""
    kind = timedelta if isinstance(smallest, timedelta) else (int, float)
    return isinstance(value, kind) and value >= smallest
