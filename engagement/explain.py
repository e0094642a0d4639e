"""Why, and why not: the outcomes of an event for a person, in sentences, with the setting that decides."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from engagement.channels import channels
from engagement.decide import IMPLIED, PRESET_CHANNELS, Outcome, Preset, Reason, Status
from engagement.models import Delivery, NotifiableEvent
from engagement.registry import Notifier, notifiers
from engagement.sentences import SENTENCES, STATUSES, WAITS, WORDS, Setting
from engagement.whereabouts import Whereabouts, deliveries_of, whereabouts
from events.bus import EventLog, EventTypes


@dataclass(frozen=True, slots=True)
class Gist:
    """What became of it, in a word."""

    told: bool
    word: str | Promise


def gist(outcomes: dict[str, str] | None, deliveries: Iterable[Delivery] = ()) -> Gist:
    """Return what became of it on the channel on which most came of it; of those that are equal, the first.

    Of the other channels it has a word where there is a message: it may wait, or not have been sent.
    """
    rows = list(deliveries)
    found = [_verdict(name, _label(name), outcomes or {}, rows) for name in _in_order(outcomes or {})]
    if not found:
        return Gist(False, _("not decided yet"))
    best = min(found, key=lambda verdict: (not verdict.told, verdict.rank))
    further = [_further(each) for each in found if each is not best and each.is_worth_a_word]
    return Gist(best.told, "; ".join([str(best.word), *further]) if further else best.word)


def _further(verdict: "Verdict") -> str:
    """Return what became of it on another channel: "Email: not sent, address stopped"."""
    skipped = f"{STATUSES[Status.SKIPPED]}, " if verdict.was_skipped else ""
    return f"{verdict.label}: {skipped}{verdict.word}"


def _in_order(outcomes: dict[str, str]) -> list[str]:
    """Return the channels, the inbox first: the database keeps them in an order of its own."""
    return list(dict.fromkeys([*(name for name in channels() if name in outcomes), *outcomes]))


def _label(name: str) -> str | Promise:
    """Return what people call a channel; one that is gone has but its name."""
    return channels()[name].label if name in channels() else name


#: Channels of which the outcome is always stored.
ALWAYS = PRESET_CHANNELS[Preset.BOTH]
#: It was to be sent, and then there was nowhere to send it: not a matter of what anybody chose.
NOWHERE_TO_SEND = {Reason.NO_ENDPOINT, Reason.SUPPRESSED}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it on one channel, and why."""

    channel: str
    label: str | Promise
    #: None if it has not been decided yet.
    outcome: Outcome | None
    #: Of what leaves the house; None if that is not known.
    whereabouts: Whereabouts | None = None

    @property
    def told(self) -> bool:
        """Whether the person was told by it, or is yet to be."""
        if self.outcome is None or self.outcome.status == Status.SKIPPED:
            return False
        return self.whereabouts is None or self.whereabouts.told

    @property
    def rank(self) -> int:
        """How much came of it; lower is more."""
        return list(Status).index(self.outcome.status) if self.outcome else len(Status)

    @property
    def was_skipped(self) -> bool:
        """Whether it was decided not to send it, at first or when its turn came."""
        if self.whereabouts is not None:
            return self.whereabouts.decided_anew
        return self.outcome is not None and self.outcome.status == Status.SKIPPED

    @property
    def is_worth_a_word(self) -> bool:
        """Whether it is told beside another channel: there is a message, or it had nowhere to go."""
        if self.whereabouts is not None:
            return True
        return self.was_skipped and self.outcome is not None and self.outcome.reason in NOWHERE_TO_SEND

    @property
    def status(self) -> str | Promise:
        """What became of it, in words."""
        if self.outcome is None:
            return _("not decided yet")
        if self.whereabouts is None:
            return STATUSES[self.outcome.status]
        return STATUSES[Status.SKIPPED] if self.whereabouts.decided_anew else self.whereabouts.word

    @property
    def word(self) -> str | Promise:
        """The same where there is room for one word: of what was not sent, the reason."""
        if self.whereabouts is not None:
            return self.whereabouts.word
        if self.outcome is not None and self.outcome.status == Status.SKIPPED:
            return WORDS[self.outcome.reason]
        return self.status

    @property
    def sentence(self) -> str | Promise:
        """Why; of what leaves the house, where it is as well."""
        if self.outcome is None:
            return _("A worker will get to it.")
        why, where = SENTENCES[self.outcome.reason][0], self.whereabouts
        if where is not None:
            return where.sentence if where.decided_anew else f"{where.sentence} {self._by_channel(why)}"
        return WAITS[self.outcome.wait][0] if self.outcome.wait else why

    def _by_channel(self, why: str | Promise) -> str | Promise:
        """Return why it goes by this channel; of a digest it must not seem to be why there is a digest."""
        if self.outcome is None or not self.outcome.wait.is_digest:
            return why
        return _("Why by %(channel)s at all: %(why)s") % {"channel": self.label, "why": why}

    @property
    def setting(self) -> Setting:
        """Where this could be changed."""
        if self.outcome is None:
            return Setting.NOWHERE
        where = self.whereabouts
        if where is None and self.outcome.wait:
            return WAITS[self.outcome.wait][1]
        decisive = SENTENCES[self.outcome.reason][1]
        if where is not None and where.setting is None and self.outcome.wait.is_digest:
            return Setting.DIGEST
        return decisive if where is None or where.setting is None else where.setting


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
    #: What left the house, or is to; for operators.
    deliveries: Sequence[Delivery] = ()


def explain(notifiable: NotifiableEvent) -> Explanation:
    """Return why a person was notified or not of an event that concerned them."""
    notifier = _notifier_of(notifiable)
    # By notify(): the notifier's reason is true of its own audience only.
    named = notifiable.event_log_id is not None and not notifiable.notifier
    event_type = EventTypes.get(notifiable.event_type)
    deliveries = deliveries_of(notifiable)
    return Explanation(
        event_type=notifiable.event_type,
        display_name=event_type.display_name if event_type else notifiable.event_type,
        category=_category(notifiable, notifier),
        about=_about(notifiable),
        reason=notifier.reason if notifier and not named else "",
        verdicts=list(_verdicts(notifiable.outcomes, deliveries)),
        deliveries=deliveries,
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


def _verdicts(outcomes: dict[str, str] | None, deliveries: Sequence[Delivery]) -> Iterator[Verdict]:
    """Yield the verdict on each channel of the installation, and on those that it once had."""
    stored = _with_implied(outcomes)
    for name in dict.fromkeys([*(name for name in channels() if name in stored or name in ALWAYS), *stored]):
        yield _verdict(name, _label(name), stored, deliveries)


def _with_implied(outcomes: dict[str, str] | None) -> dict[str, str]:
    """Return the outcomes with those that go without saying, of channels that are set up."""
    if outcomes is None:
        return {}
    further = (name for name, channel in channels().items() if name not in ALWAYS and channel.configured())
    return dict.fromkeys(further, str(IMPLIED)) | outcomes


def _verdict(
    name: str, label: str | Promise, outcomes: dict[str, str], deliveries: Sequence[Delivery]
) -> Verdict:
    outcome = Outcome.parse(outcomes[name]) if name in outcomes else None
    is_planned = outcome is not None and outcome.status == Status.PLANNED
    return Verdict(name, label, outcome, whereabouts(name, deliveries) if is_planned else None)


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
