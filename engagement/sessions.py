"""A device that was registered in a session is dropped when the person logs out of it.

Else the telephone of somebody who has logged out, and perhaps handed it on, would go on telling.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from engagement import registration
from engagement.models import Endpoint

KEY = "engagement_devices"


def remember(session: SessionBase, device: Endpoint) -> None:
    """Keep in a session that it has registered a device."""
    others = [pk for pk in session.get(KEY, []) if pk != device.pk]
    session[KEY] = [*others, device.pk][-registration.MOST :]


def drop_devices(sender: object, request: HttpRequest | None, user: Any, **kwargs: object) -> None:
    """Drop the devices of a session that ends; those that are somebody else's by now stay."""
    session = getattr(request, "session", None)
    if session is None or user is None:
        return
    for pk in session.pop(KEY, []):
        registration.drop(user, pk)


def connect() -> None:
    """Listen to people logging out."""
    user_logged_out.connect(drop_devices, dispatch_uid="engagement.sessions")
