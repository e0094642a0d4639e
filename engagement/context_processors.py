"""For templates of every page."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from engagement import inbox


def unread(request: HttpRequest) -> dict[str, object]:
    """Add `unread_badge`, counted only if the template shows it."""
    person = getattr(request, "user", None)
    if person is None:
        return {}
    return {"unread_badge": SimpleLazyObject(lambda: inbox.badge(person) if person.is_authenticated else "")}
