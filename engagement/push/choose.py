"""Which provider this installation has."""

import logging
from functools import cache, lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from engagement.conf import conf
from engagement.push.provider import PushProvider

logger = logging.getLogger(__name__)

#: Loaded when they are chosen: Google's library takes half a second and 25 MB, which others need not spend.
BUILT_IN = {"fcm": "engagement.push.fcm.Fcm", "gateway": "engagement.push.gateway.Gateway"}


def provider() -> PushProvider | None:
    """Return the provider if it can be used; None if there is none, or a wrong setting, of which the log tells once."""
    try:
        found = chosen()
    except ImproperlyConfigured as error:
        _tell_once(str(error))
        return None
    if found is None or found.configured():
        return found
    _tell_once(found.problem() or f"The push provider {found.name!r} is not configured.")
    return None


def chosen() -> PushProvider | None:
    """Return the provider that the settings name or imply, configured or not; raise ImproperlyConfigured."""
    name = conf.push_provider or _implied()
    if not name:
        return None
    if not isinstance(name, str):
        raise ImproperlyConfigured(f"ENGAGEMENT_PUSH_PROVIDER is of the type {type(name).__name__}.")
    return _loaded(BUILT_IN.get(name, name))


def _implied() -> str:
    if conf.notification_service_url:
        return "gateway"
    return "fcm" if conf.fcm_account else ""


@cache
def _loaded(path: str) -> PushProvider:
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"ENGAGEMENT_PUSH_PROVIDER is {path!r}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, PushProvider)):
        raise ImproperlyConfigured(
            f"ENGAGEMENT_PUSH_PROVIDER is {path!r}, which is no subclass of PushProvider."
        )
    try:
        return found()
    except TypeError as error:
        raise ImproperlyConfigured(f"ENGAGEMENT_PUSH_PROVIDER is {path!r}: {error}") from error


@lru_cache(maxsize=100)
def _tell_once(text: str) -> None:
    logger.error("No push notification is sent. %s", text)
