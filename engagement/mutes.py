"""What a person does not want to hear of: one object, until a moment or for ever."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from engagement.models import Mute
from engagement.models.app import TITLE_LENGTH


def mute(person: Any, about: str, label: str = "", until: datetime | None = None) -> None:
    """Mute an object, as events refer to it; again, and it is until the later wish. None is for ever.

    `label` is what the person knows it by. Raises ValueError for no object, and for a moment that is over.
    """
    now = timezone.now()
    if not about or (until is not None and until <= now):
        raise ValueError("A mute needs an object, and a moment to come.")
    row = Mute(person=person, about=about, label=label[:TITLE_LENGTH], until=until, created_at=now)
    Mute.objects.filter(person=person, until__lte=now).delete()
    Mute.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["person", "about"],
        update_fields=["label", "until", "created_at"],
    )


def unmute(person: Any, about: str) -> bool:
    """Let the person hear of it again; return whether it was muted."""
    deleted, _by_model = Mute.objects.filter(person=person, about=about).delete()
    return bool(deleted)


def mutes_of(person: Any) -> list[Mute]:
    """Return what is muted now, the newest first."""
    return list(Mute.objects.filter(person=person).in_force().order_by("-created_at", "-pk"))


def muted_among(person: Any, abouts: Iterable[str]) -> set[str]:
    """Return which of these objects are muted now."""
    found = Mute.objects.filter(person=person, about__in=set(abouts) - {""}).in_force()
    return set(found.values_list("about", flat=True))
