"""Why, and why not: the outcomes of an event for a person, in sentences, with the setting that decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from engagement.channels import channels
from engagement.decide import Outcome, Reason, Status, Wait
from engagement.models import NotifiableEvent
from engagement.registry import Notifier, notifiers
from events.bus import EventLog, EventTypes


class Setting(StrEnum):
    """Where a decision can be changed."""

    EVENT_TYPE = "event type"
    CATEGORY = "category"
    MUTES = "mutes"
    QUIET_HOURS = "quiet hours"
    NOWHERE = ""


SENTENCES: dict[Reason, tuple[str | Promise, Setting]] = {
    Reason.PERSON_GONE: (_("The account had been deleted."), Setting.NOWHERE),
    Reason.PERSON_INACTIVE: (_("The account was not active."), Setting.NOWHERE),
    Reason.RETRACTED: (_("It was taken back by the one who published it."), Setting.NOWHERE),
    Reason.EXPIRED: (_("When its turn came, it was too late to be of use."), Setting.NOWHERE),
    Reason.SWITCHED_OFF: (
        _("Notifications of this kind are switched off for everybody."),
        Setting.NOWHERE,
    ),
    Reason.OWN_ACT: (_("People are not notified of what they did themselves."), Setting.NOWHERE),
    Reason.MUTED: (_("You have muted what it is about."), Setting.MUTES),
    Reason.MANDATORY: (
        _("Notifications of this kind always go here; they cannot be switched off."),
        Setting.NOWHERE,
    ),
    Reason.EVENT_TYPE: (_("You chose so for this kind of event."), Setting.EVENT_TYPE),
    Reason.CATEGORY: (_("You chose so for this category."), Setting.CATEGORY),
    Reason.EVENT_TYPE_RULE: (
        _("You have not chosen, and it is usual for this kind of event."),
        Setting.EVENT_TYPE,
    ),
    Reason.CATEGORY_RULE: (_("You have not chosen, and it is usual for this category."), Setting.CATEGORY),
    Reason.DEFAULT: (_("You have not chosen, and it is the default."), Setting.EVENT_TYPE),
    Reason.NO_ENDPOINT: (_("There is no address to reach you at."), Setting.NOWHERE),
    Reason.SUPPRESSED: (_("Your address has refused our messages."), Setting.NOWHERE),
    Reason.NOT_CONFIGURED: (_("This channel is not set up here."), Setting.NOWHERE),
    Reason.ALREADY_READ: (_("You had read it in your inbox before it was sent."), Setting.NOWHERE),
    Reason.UNKNOWN: (_("This page is being updated and does not know the reason yet."), Setting.NOWHERE),
}
STATUSES = {
    Status.CREATED: _("in your inbox"),
    Status.PLANNED: _("on its way"),
    Status.SKIPPED: _("not sent"),
}


#: The reasons for which nothing was sent, in a word or two.
WORDS: dict[Reason, str | Promise] = {
    Reason.PERSON_GONE: _("account deleted"),
    Reason.PERSON_INACTIVE: _("account inactive"),
    Reason.RETRACTED: _("taken back"),
    Reason.EXPIRED: _("too late"),
    Reason.SWITCHED_OFF: _("switched off"),
    Reason.OWN_ACT: _("your own doing"),
    Reason.MUTED: _("muted"),
    Reason.MANDATORY: _("not sent"),
    Reason.EVENT_TYPE: _("not chosen"),
    Reason.CATEGORY: _("not chosen"),
    Reason.EVENT_TYPE_RULE: _("not usual"),
    Reason.CATEGORY_RULE: _("not usual"),
    Reason.DEFAULT: _("not usual"),
    Reason.NO_ENDPOINT: _("no address"),
    Reason.SUPPRESSED: _("address refused"),
    Reason.NOT_CONFIGURED: _("not set up"),
    Reason.ALREADY_READ: _("already read"),
    Reason.UNKNOWN: _("for a new reason"),
}


@dataclass(frozen=True, slots=True)
class Gist:
    """What became of it, in a word."""

    told: bool
    word: str | Promise


def gist(outcomes: dict[str, str] | None) -> Gist:
    """Return what became of it on the channel on which most came of it; of those that are equal, the first."""
    found = [Outcome.parse(text) for text in _in_order(outcomes or {})]
    if not found:
        return Gist(False, _("not decided yet"))
    best = min(found, key=lambda outcome: list(Status).index(outcome.status))
    if best.status == Status.SKIPPED:
        return Gist(False, WORDS[best.reason])
    return Gist(True, STATUSES[best.status])


def _in_order(outcomes: dict[str, str]) -> list[str]:
    """Return the outcomes, the inbox's first: the database keeps them in an order of its own."""
    names = [name for name in channels() if name in outcomes]
    return [outcomes[name] for name in dict.fromkeys([*names, *outcomes])]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it on one channel, and why."""

    channel: str
    label: str | Promise
    #: None if it has not been decided yet.
    outcome: Outcome | None

    @property
    def status(self) -> str | Promise:
        """What became of it, in words."""
        return STATUSES[self.outcome.status] if self.outcome else _("not decided yet")

    @property
    def sentence(self) -> str | Promise:
        """Why, in a sentence."""
        if self.outcome is None:
            return _("A worker will get to it.")
        if self.outcome.wait == Wait.QUIET_HOURS:
            return _("It waits for the end of your quiet hours.")
        return SENTENCES[self.outcome.reason][0]

    @property
    def setting(self) -> Setting:
        """Where this could be changed."""
        if self.outcome is None:
            return Setting.NOWHERE
        if self.outcome.wait == Wait.QUIET_HOURS:
            return Setting.QUIET_HOURS
        return SENTENCES[self.outcome.reason][1]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One event and one person."""

    event_type: str
    display_name: str | Promise
    category: str
    about: str
    #: Why the event concerned the person, as they are told: "you manage this product".
    reason: str | Promise
    verdicts: list[Verdict]


def explain(notifiable: NotifiableEvent) -> Explanation:
    """Return why a person was notified or not of an event that concerned them."""
    notifier = _notifier_of(notifiable)
    # By notify(): the notifier's reason is true of its own audience only.
    named = notifiable.event_log_id is not None and not notifiable.notifier
    event_type = EventTypes.get(notifiable.event_type)
    return Explanation(
        event_type=notifiable.event_type,
        display_name=event_type.display_name if event_type else notifiable.event_type,
        category=_category(notifiable, notifier),
        about=_about(notifiable),
        reason=notifier.reason if notifier and not named else "",
        verdicts=list(_verdicts(notifiable.outcomes)),
    )


def _about(notifiable: NotifiableEvent) -> str:
    """Return what the event is about; nothing if the log does not have it any more, which may keep it for less long."""
    try:
        return notifiable.event_log.about if notifiable.event_log else ""
    except EventLog.DoesNotExist:
        return ""


def _notifier_of(notifiable: NotifiableEvent) -> Notifier[Any] | None:
    by_name = {notifier.name: notifier for notifier in notifiers}
    return by_name.get(notifiable.notifier) or notifiers.main(notifiable.event_type)


def _category(notifiable: NotifiableEvent, notifier: Notifier[Any] | None) -> str:
    if notifier:
        return notifier.effective_category()
    found = EventTypes.get(notifiable.event_type)
    return found.category if found else ""


def _verdicts(outcomes: dict[str, str] | None) -> Iterator[Verdict]:
    """Yield the verdict on each channel of the installation, and on those that it once had."""
    stored = outcomes or {}
    labels: dict[str, Any] = {name: channel.label for name, channel in channels().items()}
    for name in labels | dict.fromkeys(stored):
        outcome = Outcome.parse(stored[name]) if name in stored else None
        yield Verdict(name, labels.get(name) or name, outcome)


@dataclass(frozen=True, slots=True)
class Unconcerned:
    """The event did not concern the person: none of these notifiers chose them."""

    event_type: str
    asked: list[str]


def explain_event(log: EventLog, person: Any) -> Explanation | Unconcerned:
    """Return why a person was notified or not of an event, or that it did not concern them.

    What is retained can be explained: 72 hours, unless the category says otherwise.
    """
    found = NotifiableEvent.objects.filter(event_log=log.pk, person=person).first()
    if found is not None:
        return explain(found)
    return Unconcerned(log.type, [notifier.name for notifier in notifiers.of(log.type)])


def reasons_of(event_type: str) -> list[str | Promise]:
    """Return for what reasons an event of a type concerns people: one of each of its notifiers that has any."""
    return [notifier.reason for notifier in notifiers.of(event_type) if notifier.reason]
