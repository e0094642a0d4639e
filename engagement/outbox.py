"""Write the Deliveries of a batch: what is to leave the house, each with the moment at which it is due."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from engagement import outbox_sql
from engagement.channels import outbound
from engagement.decide import Outcome, Status, Wait, email_delay_of
from engagement.models import Delivery
from engagement.notice import Notice
from engagement.outbox_sql import Draft
from engagement.people_sql import Group, Habits
from engagement.process_sql import Decided
from engagement.timing import next_end, next_hour, next_time
from engagement.write import Source, Writer
from events import queue


def write(source: Source, decided: Sequence[Decided], groups: Sequence[Group]) -> None:
    """Write a Delivery for each planned outcome, in the caller's transaction; wake the lane for those that are due."""
    notice, due = source.notice, False
    for channel in outbound():
        outcomes = {
            pk: each.outcomes[channel.name]
            for each in decided
            if each.outcomes[channel.name].status == Status.PLANNED
            for pk in each.pks
        }
        if outcomes:
            concerned = _among(groups, outcomes)
            texts = Writer(source, channel.name, (group.language for group in concerned)).write(concerned)
            drafts = [*_drafts(notice, concerned, outcomes, texts.number)]
            outbox_sql.insert(channel, notice, texts.texts, drafts)
            due = due or any(draft.available_at is None for draft in drafts)
    if due:
        queue.wake_on_commit(Delivery.lane)


def _among(groups: Sequence[Group], pks: "dict[int, Outcome]") -> list[Group]:
    """Return the groups with only these."""
    return [replace(group, pks=some) for group in groups if (some := [*filter(pks.__contains__, group.pks)])]


def _drafts(
    notice: Notice, groups: Sequence[Group], outcomes: "dict[int, Outcome]", number: "dict[int, int]"
) -> Iterator[Draft]:
    now = timezone.now()
    for group in groups:
        moments = {wait: due_at(wait, notice, group.habits, now) for wait in Wait}
        for pk in group.pks:
            wait = outcomes[pk].wait
            yield Draft(pk, number[pk], group.language, wait, moments[wait])


def due_at(wait: Wait, notice: Notice, habits: Habits, now: datetime) -> datetime | None:
    """Return when a message that waits is due; None: at once."""
    match wait:
        case Wait.QUIET_HOURS if habits.quiet_until is not None:
            return next_end(now, habits.quiet_until, habits.zone)
        case Wait.TO_BE_READ:
            return now + email_delay_of(notice.policy)
        case Wait.HOURLY:
            return next_hour(now, habits.zone)
        case Wait.DAILY:
            return next_time(now, habits.digest_time, habits.zone)
        case _:
            return None
