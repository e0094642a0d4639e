"""A notification as programs get it: in streams and in the JSON interface."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from engagement.links import harmless
from engagement.models import AppNotification


def as_json(row: AppNotification) -> dict[str, Any]:
    """Return what its person may know of it. Texts are plain text, times ISO 8601 in UTC."""
    return {
        "id": row.pk,
        "title": row.title,
        "message": row.message,
        "url": harmless(row.url),
        "reason": row.reason,
        "event_type": row.event_type,
        "category": row.category,
        "group": row.group,
        "importance": row.importance,
        "created_at": row.created_at.isoformat(),
        "seen_at": _moment(row.seen_at),
        "read_at": _moment(row.read_at),
        "archived_at": _moment(row.archived_at),
        "seen": row.seen_at is not None,
        "read": row.read_at is not None,
        "archived": row.archived_at is not None,
        "why_url": reverse("engagement:why", args=[row.pk]),
        "open_url": reverse("engagement:open", args=[row.pk]),
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
