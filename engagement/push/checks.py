"""System checks: why no push notification would be sent, found at start."""

from collections.abc import Iterable

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from engagement.push.choose import BUILT_IN, chosen


def check_provider() -> list[CheckMessage]:
    """Find a provider that is not there, or that cannot work with its settings."""
    return [*_wrong()]


def _wrong() -> Iterable[CheckMessage]:
    try:
        found = chosen()
    except ImproperlyConfigured as error:
        yield Error(
            str(error),
            hint=f"Set it to {', '.join(BUILT_IN)}, or to the dotted path of a subclass of PushProvider.",
            id="engagement.E030",
        )
        return
    if found is not None and (problem := found.problem()):
        yield Error(problem, hint="Until then no push notification is sent.", id="engagement.E031")
