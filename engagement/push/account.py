"""The service account by which we are known to Google, as the settings have it."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from firebase_admin.credentials import Certificate

from engagement.conf import conf


def given() -> str:
    """Return the path of a service account's file, or its content; empty for neither."""
    found = conf.fcm_account or ""
    return json.dumps(found, sort_keys=True, default=str) if isinstance(found, dict) else str(found).strip()


@lru_cache(maxsize=1)
def certificate(text: str) -> Certificate:
    """Return the credential of what `given` returned, if it is good; raise ImproperlyConfigured.

    The text itself is not in the error: what is taken for a path may be a key.
    """
    try:
        found = Certificate(_content(text))
    except OSError as error:
        raise _wrong(f"names a file that cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise _wrong(f"is no service account: {error}") from None
    if not found.project_id:
        raise _wrong("has no project_id.")
    return found


def _content(text: str) -> dict[str, Any]:
    found = json.loads(text if text.startswith("{") else Path(text).read_text("utf-8"))
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("it is no object of texts.")
    return found


def _wrong(how: str) -> ImproperlyConfigured:
    name = "ENGAGEMENT_FCM_CREDENTIALS" if conf.fcm_credentials else "GOOGLE_APPLICATION_CREDENTIALS"
    return ImproperlyConfigured(f"{name} {how}")
