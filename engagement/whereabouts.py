"""Where a message is that was planned, or what became of it: the state of its Delivery, in sentences."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engagement.decide import Outcome, Reason, Status, Wait
from engagement.models import ChannelPause, Delivery, NotifiableEvent
from engagement.models.delivery_states import DeliveryState, Feedback
from engagement.pauses import paused
from engagement.sentences import SENTENCES, WAITS, WORDS, Setting

State = DeliveryState
#: Of several endpoints, the one that got furthest speaks for the channel.
FURTHEST = [
    State.SUCCEEDED,
    State.RUNNING,
    State.PENDING,
    State.RETRYING,
    State.HELD,
    State.DEAD,
    State.SKIPPED,
    State.CANCELLED,
]
#: The texts are in nobody's explanation.
TEXTS = ("title", "message", "digest__title", "digest__message")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where one message is."""

    #: In a word or two.
    word: str | Promise
    #: Whether the person was told by it, or is yet to be.
    told: bool
    sentence: str
    #: Where that could be changed; None: where the decision to send it could.
    setting: Setting | None = None
    #: Whether something spoke against it when its turn came: the decision to send it counts no more.
    decided_anew: bool = False


def look_up(rows: Iterable[NotifiableEvent]) -> None:
    """Fetch the messages of those for whom any were planned: one query, or none.

    If any of them is due, ask in another whether its channel is paused.
    """
    planned = [row for row in rows if _is_planned(row)]
    found = Delivery.objects.select_related("digest").defer(*TEXTS).order_by("pk")
    prefetch_related_objects(planned, Prefetch("deliveries", found))
    _ask_for_pauses(each for row in planned for each in row.deliveries.all())


def _ask_for_pauses(deliveries: Iterable[Delivery]) -> None:
    """Note at what is due which channels are paused, and at the digests that these messages became a part of."""
    speaking = [each.digest or each if each.digest_id else each for each in deliveries]
    due = [each for each in speaking if each.is_due and each.pauses is None]
    in_force = paused() if due else {}
    for each in due:
        each.pauses = in_force


def _is_planned(row: NotifiableEvent) -> bool:
    return any(text.startswith(f"{Status.PLANNED}:") for text in (row.outcomes or {}).values())


def deliveries_of(row: NotifiableEvent) -> Sequence[Delivery]:
    """Return the messages to a person about an event, if any were planned."""
    if not _is_planned(row):
        return []
    look_up([row])
    return list(row.deliveries.all())


def whereabouts(channel: str, deliveries: Iterable[Delivery]) -> Whereabouts | None:
    """Return where the message is on a channel; None if there is none, or it is no longer kept."""
    found = [each for each in deliveries if each.channel == channel]
    return of(min(found, key=lambda each: FURTHEST.index(State(each.state)))) if found else None


def of(delivery: Delivery) -> Whereabouts:
    """Return where this message is."""
    return STATES[State(delivery.state)](delivery)


def _held(delivery: Delivery) -> Whereabouts:
    due = _moment(delivery.available_at)
    if delivery.over_limit:
        said = _("You had had many messages by then, so it waits for your next digest, which is due on %s.")
        return Whereabouts(_("waits for a digest"), True, said % due, Setting.NOWHERE)
    said = {
        Wait.HOURLY.value: _("It waits for your hourly digest, which is due on %s."),
        Wait.DAILY.value: _("It waits for your daily digest, which is due on %s."),
    }.get(delivery.wait, _("It waits for your next digest, which is due on %s."))
    return Whereabouts(_("waits for a digest"), True, said % due, Setting.DIGEST)


def _pending(delivery: Delivery) -> Whereabouts:
    if delivery.available_at <= timezone.now():
        return _on_its_way(delivery)
    due = _moment(delivery.available_at)
    said = {
        Wait.QUIET_HOURS.value: _("It waits for the end of your quiet hours, on %s."),
        Wait.TO_BE_READ.value: _("Unless you have read it in your inbox by then, it is sent on %s."),
    }.get(delivery.wait, _("It is sent on %s."))
    setting = WAITS[Wait(delivery.wait)][1] if delivery.wait in set(WAITS) else None
    return Whereabouts(_("waits"), True, said % due, setting)


def _on_its_way(delivery: Delivery) -> Whereabouts:
    if pause_of(delivery) is not None:
        said = _("Nothing is sent by %s at present, so it waits.") % delivery.get_channel_display()
        return Whereabouts(_("waits"), True, said, Setting.NOWHERE)
    return Whereabouts(_("on its way"), True, _("It is about to be sent."))


def pause_of(delivery: Delivery) -> ChannelPause | None:
    """Return why a message waits that is due, if that is because its channel is paused."""
    if not delivery.is_due:
        return None
    _ask_for_pauses([delivery])
    return (delivery.pauses or {}).get(delivery.channel)


def _retrying(delivery: Delivery) -> Whereabouts:
    if pause_of(delivery) is not None:
        return _on_its_way(delivery)
    due, tries = _moment(delivery.available_at), delivery.attempts
    if not tries:
        return Whereabouts(_("waits"), True, _("It was put off until %s.") % due)
    said = ngettext(
        "It could not be sent at the first attempt; the next is on %(due)s.",
        "It could not be sent at %(tries)s attempts; the next is on %(due)s.",
        tries,
    )
    return Whereabouts(_("being tried again"), True, said % {"tries": tries, "due": due})


def _succeeded(delivery: Delivery) -> Whereabouts:
    if delivery.digest_id is None:
        return _sent(delivery)
    if delivery.digest is None:
        return Whereabouts(_("in a digest"), True, _("It became a part of a digest."))
    found = of(delivery.digest)
    word = _("sent in a digest") if delivery.digest.is_sent and found.told else found.word
    return replace(found, word=word, sentence=f"{_('It became a part of a digest.')} {found.sentence}")


def _sent(delivery: Delivery) -> Whereabouts:
    when = _("It was sent on %s.") % _moment(delivery.sent_at or delivery.finished_at)
    word, told, more = _heard_of(Feedback(delivery.feedback))
    return Whereabouts(word, told, f"{when} {more}".strip())


def _heard_of(feedback: Feedback) -> tuple[str, bool, str]:
    """Return what a provider told of it afterwards: a word, whether the person was told by it, and a sentence."""
    match feedback:
        case Feedback.DELIVERED:
            return _("delivered"), True, _("The other side has accepted it.")
        case Feedback.FAILED:
            said = _("The other side did not accept it, or not in time; others may arrive.")
            return _("did not arrive"), False, said
        case Feedback.BOUNCED:
            return _("came back"), False, _("It came back: the other side did not accept it.")
        case Feedback.COMPLAINED:
            return _("sent"), True, _("It was reported as spam, so nothing more is sent to that address.")
        case Feedback.UNSUBSCRIBED:
            return _("sent"), True, _("You then opted out of messages like it.")
        case _:
            return _("sent"), True, ""


def _dead(delivery: Delivery) -> Whereabouts:
    said = _("It could not be sent, and is not tried any more.")
    return Whereabouts(_("could not be sent"), False, said)


def _called_off(delivery: Delivery) -> Whereabouts:
    """Skipped or cancelled: last_error is the new outcome, unless the work itself was cancelled."""
    if not delivery.last_error.startswith(f"{Status.SKIPPED}: "):
        return Whereabouts(
            _("called off"), False, _("It was called off before it was sent."), Setting.NOWHERE
        )
    reason = Outcome.parse(delivery.last_error).reason
    sentence, setting = SENTENCES[reason]
    said = str(sentence)
    if reason not in {Reason.ALREADY_READ, Reason.EXPIRED, Reason.RETRACTED}:
        said = f"{_('It was not sent when its turn came.')} {said}"
    return Whereabouts(WORDS[reason], False, said, setting, decided_anew=True)


STATES: dict[DeliveryState, Callable[[Delivery], Whereabouts]] = {
    State.HELD: _held,
    State.PENDING: _pending,
    State.RUNNING: _on_its_way,
    State.RETRYING: _retrying,
    State.SUCCEEDED: _succeeded,
    State.DEAD: _dead,
    State.CANCELLED: _called_off,
    State.SKIPPED: _called_off,
}


def _moment(moment: datetime | None) -> str:
    """Return a time as the person reads it, in the time zone that is in force; at the end of a sentence.

    English times end with a full stop of their own: 8 p.m.
    """
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT").removesuffix(".") if moment else ""
