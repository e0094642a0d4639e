"""What a person does with notifications: read, unread, archive, unarchive, one or many; and takes back.

Everything begins with the person: ids of somebody else's are as if there were none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import models, transaction
from django.db.models import Case, Value, When
from django.utils import timezone

from engagement.models import AppNotification
from engagement.models.app import AppNotificationQuerySet

#: How long something can be taken back.
UNDO_WITHIN = timedelta(minutes=10)
#: So many are read or archived at once at the most: nobody waits for a million rows.
MOST_AT_ONCE = 10_000
#: So many can be chosen one by one.
MOST_CHOSEN = 200
SALT = "engagement.undo"


class Act(models.TextChoices):
    """What can be done with a notification; each changes one column."""

    READ = "read"
    UNREAD = "unread"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"

    @property
    def column(self) -> str:
        """The moment that it sets or takes away."""
        return "read_at" if self in {Act.READ, Act.UNREAD} else "archived_at"

    @property
    def sets(self) -> bool:
        """Whether it sets that moment; otherwise it takes it away."""
        return self in {Act.READ, Act.ARCHIVE}


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: to how many, to which (of all at once: not told), and what takes it back ("": nothing to)."""

    act: Act
    count: int
    ids: tuple[int, ...] = ()
    undo: str = ""
    #: There were more than MOST_AT_ONCE.
    is_cut: bool = False


def act(person: Any, verb: Act, ids: Iterable[int]) -> Done:
    """Do it to those of the person's notifications with these ids; those for which it changes nothing are left out."""
    chosen = list(ids)[:MOST_CHOSEN]
    with transaction.atomic():
        mine = AppNotification.objects.of(person).filter(
            pk__in=chosen, **{f"{verb.column}__isnull": verb.sets}
        )
        was = dict(mine.select_for_update().order_by("pk").values_list("pk", verb.column))
        at = timezone.now()
        _apply(AppNotification.objects.filter(pk__in=was), verb, at)
    if not was:
        return Done(verb, 0)
    former = [at] if verb.sets else list(was.values())
    return Done(verb, len(was), tuple(was), _token(person, verb, former, ids=list(was)))


def read_all(person: Any, *, up_to: int | None = None) -> Done:
    """Mark everything as read, up to the newest that the person has seen listed.

    Ids are drawn before they are committed: of two batches at the same time, a row may come to light later that
    has a lower id than one that was listed. It is marked too.
    """
    return _act_on_all(person, Act.READ, AppNotification.objects.newest_of(person).unread(), up_to)


def archive_read(person: Any, *, up_to: int | None = None) -> Done:
    """Archive everything that is read, likewise."""
    read = AppNotification.objects.newest_of(person).in_inbox().filter(read_at__isnull=False)
    return _act_on_all(person, Act.ARCHIVE, read, up_to)


def mark_seen(person: Any, ids: Iterable[int]) -> int:
    """Mark those that were listed as seen, in one statement; return how many had not been."""
    return AppNotification.objects.of(person).filter(pk__in=list(ids)[:MOST_CHOSEN]).mark_seen()


def undo(person: Any, token: str) -> tuple[int, tuple[int, ...]] | None:
    """Take back what the token is for; return to how many, and which if they were chosen. None: it cannot be any more.

    What was changed again since stays as it is.
    """
    try:
        told = signing.loads(token, salt=SALT, max_age=UNDO_WITHIN)
    except signing.BadSignature:
        return None
    if told["person"] != str(person.pk):
        return None
    verb, former = Act(told["act"]), [datetime.fromisoformat(each) for each in told["former"]]
    return _take_back(person, verb, former, told["ids"], told["span"])


def _take_back(
    person: Any, verb: Act, former: list[datetime], ids: list[int], span: list[int]
) -> tuple[int, tuple[int, ...]]:
    mine = AppNotification.objects.of(person).filter(
        models.Q(pk__range=span) if span else models.Q(pk__in=ids)
    )
    if verb.sets:
        return mine.filter(**{verb.column: former[0]}).update(**{verb.column: None}), tuple(ids)
    moments = Case(
        *(When(pk=pk, then=Value(moment)) for pk, moment in zip(ids, former, strict=True)),
        output_field=models.DateTimeField(),
    )
    return mine.filter(**{verb.column: None}).update(**{verb.column: moments}), tuple(ids)


def _act_on_all(person: Any, verb: Act, found: AppNotificationQuerySet, up_to: int | None) -> Done:
    if up_to is not None:
        found = found.filter(id__lte=up_to)
    ids = list(found.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    is_cut, ids, at = len(ids) > MOST_AT_ONCE, ids[:MOST_AT_ONCE], timezone.now()
    count = _apply(AppNotification.objects.of(person).filter(pk__in=ids), verb, at)
    if not count:
        return Done(verb, 0)
    return Done(verb, count, undo=_token(person, verb, [at], span=[ids[-1], ids[0]]), is_cut=is_cut)


def _apply(rows: AppNotificationQuerySet, verb: Act, at: datetime) -> int:
    match verb:
        case Act.READ:
            return rows.mark_read(at)
        case Act.UNREAD:
            return rows.mark_unread()
        case Act.ARCHIVE:
            return rows.archive(at)
    return rows.unarchive()


def _token(
    person: Any,
    verb: Act,
    former: list[datetime],
    *,
    ids: list[int] | None = None,
    span: list[int] | None = None,
) -> str:
    told = {
        "person": str(person.pk),
        "act": verb.value,
        "former": [moment.isoformat() for moment in former],
        "ids": ids or [],
        "span": span or [],
    }
    return signing.dumps(told, salt=SALT, compress=True)
