"""What a person does not want to hear of: one object, until a moment or for ever."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from engagement.models import Mute
from engagement.models.app import TITLE_LENGTH
from engagement.subject import object_name

LONGEST_MUTE = timedelta(days=3_660)


def mute(person: Any, about: models.Model | str, label: str = "", until: datetime | None = None) -> None:
    """Mute an object, or the name by which events refer to it; again, and the later wish holds. None is for ever.

    `label` is what the person knows it by. Raises ValueError for no object, and for a moment that is over, naive, or
    more than ten years away.
    """
    now, name = timezone.now(), object_name(about)
    if until is not None and (timezone.is_naive(until) or not now < until <= now + LONGEST_MUTE):
        raise ValueError(
            "A mute needs a moment to come, with a time zone, within ten years; or none, for ever."
        )
    row = Mute(person=person, about=name, label=label[:TITLE_LENGTH], until=until, created_at=now)
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
