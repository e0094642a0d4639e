"""Whose address something is, for the searches of the admin."""

from typing import Any

from django.contrib.auth import get_user_model

#: So many people of one address are looked for.
MOST_PEOPLE = 50


def people_at(address: str) -> list[Any]:
    """Return the primary keys of the people whose account has this address."""
    name = getattr(get_user_model(), "EMAIL_FIELD", "")
    if "@" not in address or not name:
        return []
    people = get_user_model()._default_manager.filter(**{f"{name}__iexact": address})
    return list(people.values_list("pk", flat=True)[:MOST_PEOPLE])
