"""Step 5: one person, one channel: send or skip, and why; pure."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Preset(models.TextChoices):
    """What a person chose for an event type or a category; it speaks for the two channels it names."""

    APPS = "apps", _("Apps")
    EMAIL = "email", _("Email")
    BOTH = "both", _("Both")
    NONE = "none", _("None")


_CHANNELS = {
    Preset.APPS: {"app": True, "email": False},
    Preset.EMAIL: {"app": False, "email": True},
    Preset.BOTH: {"app": True, "email": True},
    Preset.NONE: {"app": False, "email": False},
}


class Status(StrEnum):
    """What became of event x person x channel."""

    #: The row is in the inbox.
    CREATED = "created"
    #: There is a Delivery; its state tells the rest.
    PLANNED = "planned"
    #: Not sent, for the reason given.
    SKIPPED = "skipped"


class Reason(StrEnum):
    """What decided; stored, and shown when somebody asks why."""

    PERSON_GONE = "person deleted"
    PERSON_INACTIVE = "account inactive"
    OWN_ACT = "own act"
    EVENT_TYPE = "choice for this event type"
    CATEGORY = "choice for this category"
    DEFAULT = "default"
    NOT_CONFIGURED = "channel not configured"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision, as it is stored: `created: default`, `skipped: own act`."""

    status: Status
    reason: Reason

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Traits:
    """What matters of a person for one event. Many people share the same."""

    exists: bool = True
    active: bool = True
    is_actor: bool = False
    type_choice: Preset | None = None
    category_choice: Preset | None = None


@dataclass(frozen=True, slots=True)
class Medium:
    """What matters of a channel."""

    name: str
    configured: bool = True
    #: Whether choosing it makes the inbox row, rather than plan a Delivery.
    is_inbox: bool = False


def decide(medium: Medium, traits: Traits, *, defaults: Collection[str], notify_actor: bool) -> Outcome:
    """Return what is to become of this person on this channel; `defaults` are the notifier's channels.

    The first that applies: person gone, inactive, own act; the choice for the event type, else for the
    category, else the default; channel not configured.
    """
    barred = _barred(traits, notify_actor)
    if barred:
        return Outcome(Status.SKIPPED, barred)
    wanted, reason = _wanted(medium.name, traits, defaults)
    if not wanted:
        return Outcome(Status.SKIPPED, reason)
    if not medium.configured:
        return Outcome(Status.SKIPPED, Reason.NOT_CONFIGURED)
    return Outcome(Status.CREATED if medium.is_inbox else Status.PLANNED, reason)


def _barred(traits: Traits, notify_actor: bool) -> Reason | None:
    if not traits.exists:
        return Reason.PERSON_GONE
    if not traits.active:
        return Reason.PERSON_INACTIVE
    if traits.is_actor and not notify_actor:
        return Reason.OWN_ACT
    return None


def _wanted(channel: str, traits: Traits, defaults: Collection[str]) -> tuple[bool, Reason]:
    """Ask who has something to say about this channel, the most specific first."""
    for choice, reason in (
        (traits.type_choice, Reason.EVENT_TYPE),
        (traits.category_choice, Reason.CATEGORY),
    ):
        if choice is not None and channel in _CHANNELS[choice]:
            return _CHANNELS[choice][channel], reason
    return channel in defaults, Reason.DEFAULT
