"""What the pages read out of requests."""

from typing import Any

from django.http import Http404, HttpRequest

from engagement import inbox, registration
from engagement.models import AppNotification, Endpoint

#: The largest id that PostgreSQL's bigint holds.
LARGEST_ID = 2**63 - 1


def own_notification(request: HttpRequest, pk: int) -> AppNotification:
    """Return the person's notification; one that there is not, or that is somebody else's, is not found."""
    found = inbox.find(request.user, pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("You have no such notification.")
    return found


def own_endpoint(request: HttpRequest, pk: int) -> Endpoint:
    """Return the person's endpoint, likewise."""
    found = registration.find(request.user, pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("You have no such device, number or address.")
    return found


def id_of(text: Any) -> int | None:
    """Return an id out of a request; None for anything that is none."""
    digits = str(text or "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_ID))):
        return None
    return min(int(digits), LARGEST_ID)
