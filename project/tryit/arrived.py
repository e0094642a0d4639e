"""What a person has in the inbox, what arrived at their far ends, and what is on its way to them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from capabilities.people.models import Person
from engagement import inbox
from engagement.models import AppNotification, Delivery, DeliveryAttempt
from engagement.models.delivery_states import DeliveryState
from engagement.sms import count, shown_number
from engagement.whereabouts import Whereabouts, of
from project.mailbox import box, message
from project.tryit.store import Kept

#: Of each person.
ROWS, ARRIVALS, DELIVERIES, MAILS = 4, 6, 40, 60
#: What is still to be told of, though nothing has arrived.
TELLING = {
    DeliveryState.HELD,
    DeliveryState.PENDING,
    DeliveryState.RUNNING,
    DeliveryState.RETRYING,
    DeliveryState.DEAD,
}
#: What is due so soon is worth a look every second.
SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message at its far end, or on the way there."""

    kind: str
    at: datetime
    key: str
    content: dict[str, Any]
    delivery: Delivery | None = None
    #: None: it has arrived.
    where: Whereabouts | None = None
    #: Whether it is shown in full: the newest of its kind is.
    is_open: bool = False

    @property
    def since(self) -> str:
        """How long after its event it arrived."""
        event = self.delivery.event if self.delivery else None
        return seconds(self.at - event.occurred_at) if event else ""

    @property
    def tries(self) -> list[tuple[str, str]]:
        """When it was tried in vain, after its event, and what the far end said."""
        event = self.delivery.event if self.delivery else None
        if self.delivery is None or event is None:
            return []
        tried = [each for each in self.delivery.delivery_attempts.all() if not each.succeeded]
        return [(seconds(each.at - event.occurred_at), each.answer) for each in tried]

    @property
    def again_in(self) -> int | None:
        """In how many seconds it is tried again, if that is soon."""
        if not self.is_soon or self.delivery is None:
            return None
        return max(0, round((self.delivery.available_at - timezone.now()).total_seconds()))

    @property
    def is_soon(self) -> bool:
        """Whether something is about to happen to it."""
        found = self.delivery
        return bool(
            self.where and found and not found.finished_at and found.available_at < timezone.now() + SOON
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A notification in the inbox."""

    notification: AppNotification
    since: str


@dataclass(frozen=True, slots=True)
class Column:
    """All there is to see of a person."""

    person: Person
    badge: str
    rows: Sequence[Row]
    waiting: Sequence[Arrival]
    arrived: Sequence[Arrival]

    @property
    def is_soon(self) -> bool:
        """Whether something is about to happen."""
        return any(each.is_soon for each in self.waiting)

    def marks(self) -> dict[str, list[str]]:
        """Return, by part of the page, what differs when it is to be shown anew."""
        name = self.person.username
        return {
            f"inbox-{name}": [
                self.badge,
                *(f"{row.notification.pk} {row.notification.is_read}" for row in self.rows),
            ],
            f"waiting-{name}": [f"{each.key} {each.tries} {each.again_in}" for each in self.waiting],
            f"arrived-{name}": [f"{each.key} {each.since}" for each in self.arrived],
        }


def column(person: Person, kept: Iterable[Kept]) -> Column:
    """Return what there is of a person, the newest first; five queries."""
    found = AppNotification.objects.newest_of(person).in_inbox().select_related("event__event_log")
    rows = [Row(each, _since(each)) for each in found[:ROWS]]
    return Column(person, inbox.badge(person), rows, *_messages(person, kept))


def seconds(span: timedelta) -> str:
    """Return a short time in words: "0.04 s", "0.3 s", "12 s", "3 min"."""
    found = max(span.total_seconds(), 0.0)
    if found >= 100:
        return f"{found / 60:.0f} min"
    return f"{found:.0f} s" if found >= 10 else f"{found:.1f} s" if found >= 0.1 else f"{found:.2f} s"


def _since(row: AppNotification) -> str:
    event = row.event.event_log
    return seconds(row.created_at - event.occurred_at) if event else ""


def _messages(person: Person, kept: Iterable[Kept]) -> tuple[list[Arrival], list[Arrival]]:
    """Return what has yet to arrive, and what has arrived."""
    mine = Delivery.objects.of(person).filter(is_digest=False).select_related("event", "digest")
    attempts = Prefetch("delivery_attempts", DeliveryAttempt.objects.order_by("pk"))
    newest = list(mine.prefetch_related(attempts).order_by("-pk")[:DELIVERIES])
    by_id = {each.message_id: each for each in newest}
    found = sorted([*_kept(person, kept, by_id), *_mails(person, by_id)], key=_moment, reverse=True)
    seen = {each.key for each in found}
    waiting = [_waiting(each) for each in newest if each.state in TELLING and each.message_id not in seen]
    return waiting[:ARRIVALS], _newest_open(found[:ARRIVALS])


def _moment(arrival: Arrival) -> datetime:
    return arrival.at


def _newest_open(found: Sequence[Arrival]) -> list[Arrival]:
    """Return these, the newest of each kind shown in full."""
    newest = {each.kind: each.key for each in reversed(found)}
    return [replace(each, is_open=newest[each.kind] == each.key) for each in found]


def _kept(person: Person, kept: Iterable[Kept], by_id: dict[str, Delivery]) -> Iterator[Arrival]:
    for each in kept:
        if each.owner == person.username and each.kind in SHOWN:
            content = SHOWN[each.kind](each.content)
            yield Arrival(each.kind, each.at, each.message_id, content, by_id.get(each.message_id))


def _mails(person: Person, by_id: dict[str, Delivery]) -> Iterator[Arrival]:
    address = person.email.lower()
    for mail in [each for each in box.mails(MAILS) if each.owner == address][:ARRIVALS]:
        found = message.read(box.content_of(mail.key) or b"")
        content = {"mail": mail, "has_html": found.html is not None, "text": found.text or ""}
        yield Arrival("email", mail.received, mail.message_id, content, by_id.get(mail.message_id))


def _waiting(delivery: Delivery) -> Arrival:
    content = {"title": delivery.title}
    return Arrival(
        delivery.channel,
        delivery.created_at,
        delivery.message_id,
        content,
        delivery,
        where=of(delivery),
    )


def _sms(content: dict[str, Any]) -> dict[str, Any]:
    parts = count(content["text"]).segments
    return content | {"shown": shown_number(content["number"]), "parts": parts}


def _webhook(content: dict[str, Any]) -> dict[str, Any]:
    return content | {"json": json.dumps(content["body"], indent=2, ensure_ascii=False)}


SHOWN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "push": dict,
    "sms": _sms,
    "webhook": _webhook,
}
