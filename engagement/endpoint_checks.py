"""System checks: settings of endpoints that cannot be meant."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from engagement.channels.http import is_allow_list
from engagement.conf import conf


@register("engagement")
def check_endpoints(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find a list that permits nothing, or something else than what was meant, and days that are none."""
    hosts: object = conf.webhook_allowed_hosts
    days: object = conf.device_stale_days
    is_days = isinstance(days, int) and not isinstance(days, bool) and days >= 1
    found = [
        (
            is_allow_list(hosts),
            f"ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS is {hosts!r}.",
            'Set it to a list of names, "name:port" and networks: ["billing.internal", "10.0.0.0/8"].',
            "E032",
        ),
        (
            is_days,
            f"ENGAGEMENT_DEVICE_STALE_DAYS is {days!r}.",
            "Set it to a number of days, 1 or more.",
            "E033",
        ),
    ]
    return [
        Error(said, hint=hint, id=f"engagement.{number}")
        for is_good, said, hint, number in found
        if not is_good
    ]
