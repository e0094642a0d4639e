"""What ends with a session: the devices that were registered in it, and the streams that it has open.

Else the telephone of somebody who has logged out, and perhaps handed it on, would go on telling; and so would a page
that is still open. An account that is deactivated or deleted ends all its streams; where that is done without the
model's save() or delete(), they end when they are to be opened anew.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.db.models.signals import post_save, pre_delete
from django.http import HttpRequest

from engagement import announce, registration
from engagement.models import Endpoint

KEY = "engagement_devices"


def remember(session: SessionBase, device: Endpoint) -> None:
    """Keep in a session that it has registered a device."""
    others = [pk for pk in session.get(KEY, []) if pk != device.pk]
    session[KEY] = [*others, device.pk][-registration.MOST :]


def end_session(sender: object, request: HttpRequest | None, user: Any, **kwargs: object) -> None:
    """Drop the devices of a session that ends, but not those that are somebody else's by now; close its streams."""
    session = getattr(request, "session", None)
    if session is None or user is None:
        return
    for pk in session.pop(KEY, []):
        registration.drop(user, pk)
    announce.ended(user.pk, session.session_key)


def saved(sender: object, instance: Any, **kwargs: object) -> None:
    """Close the streams of an account that is deactivated."""
    if not getattr(instance, "is_active", True):
        announce.ended(instance.pk)


def deleted(sender: object, instance: Any, **kwargs: object) -> None:
    """Close the streams of an account that goes."""
    announce.ended(instance.pk)


def connect() -> None:
    """Listen to people logging out, and to accounts being closed."""
    user_logged_out.connect(end_session, dispatch_uid="engagement.sessions")
    for signal, receiver in ((post_save, saved), (pre_delete, deleted)):
        signal.connect(receiver, sender=settings.AUTH_USER_MODEL, dispatch_uid="engagement.sessions")
