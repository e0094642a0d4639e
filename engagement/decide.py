"""Step 5: one person, one channel: send or skip, and why; pure.

The first that applies decides: account gone or inactive; retracted, expired, switched off, own act, muted; mandatory;
the choice for the event type, else for the category; the rule for the event type, else for the category; the notifier's
default. Who would be told is skipped all the same without an endpoint, with a suppressed one, or on a channel that is
not configured. A message that leaves the house may have to wait: for a digest, if one was chosen; to be read in the
inbox first; for the end of somebody's quiet hours. What is important, or mandatory, or may tell a secret, never waits:
a secret is erased as soon as it was told, and would lie about in clear until then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Preset(models.TextChoices):
    """What a person chose for an event type or a category; it speaks for the two channels it names."""

    APPS = "apps", _("Apps")
    EMAIL = "email", _("Email")
    BOTH = "both", _("Both")
    NONE = "none", _("None")


PRESET_CHANNELS: dict[str, dict[str, bool]] = {
    Preset.APPS: {"app": True, "email": False},
    Preset.EMAIL: {"app": False, "email": True},
    Preset.BOTH: {"app": True, "email": True},
    Preset.NONE: {"app": False, "email": False},
}


class Importance(models.TextChoices):
    """How much a notification matters."""

    LOW = "low", _("low")
    USUAL = "usual", _("usual")
    #: It waits for nothing: no digest, no delay, no end of quiet hours.
    HIGH = "high", _("high")


class Digest(models.TextChoices):
    """Whether messages are collected, and until when."""

    NEVER = "never", _("At once")
    HOURLY = "hourly", _("Hourly digest")
    DAILY = "daily", _("Daily digest")


class Wait(StrEnum):
    """What a planned message waits for."""

    NOTHING = ""
    #: The end of the person's quiet hours.
    QUIET_HOURS = "held"
    #: Whether it is read in the inbox meanwhile: then it is not sent.
    TO_BE_READ = "delayed"
    HOURLY = "hourly digest"
    DAILY = "daily digest"

    @property
    def is_digest(self) -> bool:
        """Tell whether it becomes a part of a digest."""
        return self in {Wait.HOURLY, Wait.DAILY}


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
    RETRACTED = "retracted"
    EXPIRED = "expired"
    SWITCHED_OFF = "switched off"
    OWN_ACT = "own act"
    MUTED = "muted"
    MANDATORY = "mandatory"
    EVENT_TYPE = "choice for this event type"
    CATEGORY = "choice for this category"
    EVENT_TYPE_RULE = "rule for this event type"
    CATEGORY_RULE = "rule for this category"
    DEFAULT = "default"
    NO_ENDPOINT = "no endpoint"
    SUPPRESSED = "endpoint suppressed"
    NOT_CONFIGURED = "channel not configured"
    ALREADY_READ = "already read"
    #: Of a digest: whatever was in it is not to be told any more.
    NOTHING_LEFT = "nothing left to tell"
    #: Never decided; read where a newer deployment has stored something that this one does not know.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The decision, as it is stored: `created: default`, `skipped: own act`, `planned: default, daily digest`."""

    status: Status
    reason: Reason
    wait: Wait = Wait.NOTHING

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}{', ' if self.wait else ''}{self.wait}"

    @classmethod
    def parse(cls, text: str) -> "Outcome":
        """Return what was stored; a newer deployment may have stored what is not known here."""
        status, _colon, rest = text.partition(": ")
        reason, _comma, wait = rest.partition(", ")
        try:
            return cls(Status(status), Reason(reason), Wait(wait))
        except ValueError:
            return cls(Status(status) if status in set(Status) else Status.SKIPPED, Reason.UNKNOWN)


#: Of a further channel that neither the person, nor a rule, nor the notifier asked for.
IMPLIED = Outcome(Status.SKIPPED, Reason.DEFAULT)


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's choice for one event type or one category: a preset, and further channels one by one."""

    preset: Preset | None = None
    channels: tuple[tuple[str, bool], ...] = ()

    def says(self, channel: str) -> bool | None:
        """Tell whether the channel was chosen; None if nothing was said of it."""
        named = PRESET_CHANNELS[self.preset] if self.preset else {}
        return named.get(channel, dict(self.channels).get(channel))


@dataclass(frozen=True, slots=True)
class Traits:
    """What matters of a person for one event. Many people share the same."""

    exists: bool = True
    active: bool = True
    is_actor: bool = False
    muted: bool = False
    type_choice: Choice | None = None
    category_choice: Choice | None = None
    quiet: bool = False
    #: Whether messages of this category are collected; None: nothing was chosen.
    digest: Digest | None = None
    #: Channels on which there is nowhere to reach the person, or nowhere that may be used.
    no_endpoint: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()

    def has_chosen(self) -> bool:
        """Tell whether there is a record of a choice."""
        return self.type_choice is not None or self.category_choice is not None


@dataclass(frozen=True, slots=True)
class Medium:
    """What matters of a channel."""

    name: str
    configured: bool = True
    #: Whether choosing it makes the inbox row, rather than plan a Delivery.
    is_inbox: bool = False
    #: Whether its messages can be collected, or wait to be read in the inbox.
    can_wait: bool = False
    #: Whether somebody hears it, so that it waits for the end of their quiet hours.
    is_heard: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """What an operator laid down for an event type or a category; None says nothing."""

    channels: frozenset[str] | None = None
    mandatory: frozenset[str] = frozenset()
    enabled: bool = True
    digest: Digest | None = None
    #: How long a message waits to be read in the inbox instead.
    email_delay: timedelta | None = None


NO_RULE = Rule()


def is_implied(medium: Medium, outcome: Outcome) -> bool:
    """Tell whether it goes without saying: most installations use few channels, and most events fewer.

    That is so of a further channel that nobody asked for, and of one that is not set up, unless it was asked for.
    """
    if medium.name in PRESET_CHANNELS[Preset.BOTH] or outcome.status != Status.SKIPPED:
        return False
    return outcome.reason == Reason.DEFAULT or not (medium.configured or outcome.reason in ASKED_FOR)


#: Why nothing is sent, though somebody wanted it.
ASKED_FOR = {Reason.NO_ENDPOINT, Reason.SUPPRESSED, Reason.NOT_CONFIGURED, Reason.EVENT_TYPE, Reason.CATEGORY}


@dataclass(frozen=True, slots=True)
class Policy:
    """What matters of the event and its notifier, the same for everybody."""

    defaults: Collection[str] = ("app", "email")
    notify_actor: bool = False
    mandatory: frozenset[str] = frozenset()
    importance: Importance = Importance.USUAL
    type_rule: Rule = NO_RULE
    category_rule: Rule = NO_RULE
    retracted: bool = False
    expired: bool = False
    #: What the notifier says, where neither a rule nor the person does.
    digest: Digest = Digest.NEVER
    email_delay: timedelta = timedelta(0)
    #: Whether a secret may be in it: a one-time code, the link of a new password.
    is_secret: bool = False

    def requires(self, channel: str) -> bool:
        """Tell whether nobody can switch this channel off."""
        return channel in self.mandatory | self.type_rule.mandatory | self.category_rule.mandatory


def decide(medium: Medium, traits: Traits, policy: Policy) -> Outcome:
    """Return what is to become of this person on this channel."""
    barred = _barred(traits, policy)
    if barred:
        return Outcome(Status.SKIPPED, barred)
    wanted, reason = _wanted(medium.name, traits, policy)
    if not wanted:
        return Outcome(Status.SKIPPED, reason)
    unreachable = _unreachable(medium, traits)
    if unreachable:
        return Outcome(Status.SKIPPED, unreachable)
    if medium.is_inbox:
        return Outcome(Status.CREATED, reason)
    wait = Wait.NOTHING if never_waits(reason, policy) else _wait(medium, traits, policy)
    return Outcome(Status.PLANNED, reason, wait)


def never_waits(reason: Reason, policy: Policy) -> bool:
    """Tell whether it is sent at once, whatever else was chosen."""
    return policy.importance == Importance.HIGH or reason == Reason.MANDATORY or policy.is_secret


def _barred(traits: Traits, policy: Policy) -> Reason | None:
    """Return what forbids every channel."""
    enabled = policy.type_rule.enabled and policy.category_rule.enabled
    causes = {
        Reason.PERSON_GONE: not traits.exists,
        Reason.PERSON_INACTIVE: not traits.active,
        Reason.RETRACTED: policy.retracted,
        Reason.EXPIRED: policy.expired,
        Reason.SWITCHED_OFF: not enabled,
        Reason.OWN_ACT: traits.is_actor and not policy.notify_actor,
        Reason.MUTED: traits.muted,
    }
    return next((reason for reason, applies in causes.items() if applies), None)


def _wanted(channel: str, traits: Traits, policy: Policy) -> tuple[bool, Reason]:
    """Ask who has something to say about this channel, the most specific first."""
    if policy.requires(channel):
        return True, Reason.MANDATORY
    for choice, reason in (
        (traits.type_choice, Reason.EVENT_TYPE),
        (traits.category_choice, Reason.CATEGORY),
    ):
        said = choice.says(channel) if choice else None
        if said is not None:
            return said, reason
    for rule, reason in (
        (policy.type_rule, Reason.EVENT_TYPE_RULE),
        (policy.category_rule, Reason.CATEGORY_RULE),
    ):
        if rule.channels is not None:
            return channel in rule.channels, reason
    return channel in policy.defaults, Reason.DEFAULT


def _unreachable(medium: Medium, traits: Traits) -> Reason | None:
    if medium.name in traits.no_endpoint:
        return Reason.NO_ENDPOINT
    if medium.name in traits.suppressed:
        return Reason.SUPPRESSED
    return None if medium.configured else Reason.NOT_CONFIGURED


def _wait(medium: Medium, traits: Traits, policy: Policy) -> Wait:
    """Return what the message waits for; a digest comes before the rest, and keeps quiet hours itself."""
    if medium.can_wait:
        collected = WAITS[digest_of(traits, policy)]
        if collected:
            return collected
        if email_delay_of(policy):
            return Wait.TO_BE_READ
    return Wait.QUIET_HOURS if traits.quiet and medium.is_heard else Wait.NOTHING


WAITS = {Digest.NEVER: Wait.NOTHING, Digest.HOURLY: Wait.HOURLY, Digest.DAILY: Wait.DAILY}


def digest_of(traits: Traits, policy: Policy) -> Digest:
    """Return whether messages are collected: as the person chose, or a rule says, or the notifier."""
    said = (traits.digest, policy.type_rule.digest, policy.category_rule.digest)
    return next((each for each in said if each is not None), policy.digest)


def email_delay_of(policy: Policy) -> timedelta:
    """Return how long a message waits to be read in the inbox instead: as a rule says, or the notifier."""
    said = (policy.type_rule.email_delay, policy.category_rule.email_delay)
    return next((each for each in said if each is not None), policy.email_delay)


def is_quiet(now: time, start: time, end: time) -> bool:
    """Tell whether a person's quiet hours are on, all in their time; from 22 to 7 is over midnight."""
    return start <= now < end if start <= end else now >= start or now < end
