"""The provider that the settings choose."""

import inspect
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from engagement.conf import conf
from engagement.sms.provider import SmsProvider

#: Those that come along. A path instead of a class: the channel's HTTP client is above this package.
PROVIDERS = {"console": "engagement.sms.console.Console", "sparrow": "engagement.sms.sparrow.Sparrow"}


class UnknownProvider(Exception):
    """The setting names no provider; says why."""


def chosen() -> SmsProvider | None:
    """Return the provider; None if none is chosen. Raises UnknownProvider.

    Only who develops has one by default: on a site that people use, one-time codes must not come to stand in a log
    because somebody forgot a setting.
    """
    name: Any = conf.sms_provider or ("console" if settings.DEBUG else "")
    return _class(name)() if name else None


def _class(name: Any) -> type[SmsProvider]:
    try:
        found = import_string(PROVIDERS.get(name, name))
    except (ImportError, AttributeError, TypeError) as error:
        raise UnknownProvider(f"ENGAGEMENT_SMS_PROVIDER is {name!r}: {error}.") from error
    if not isinstance(found, type) or not issubclass(found, SmsProvider) or inspect.isabstract(found):
        raise UnknownProvider(f"ENGAGEMENT_SMS_PROVIDER is {name!r}, which is no SmsProvider with a send().")
    return found
