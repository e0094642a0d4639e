"""Step 2: LeasedWork, the one state machine of everything that is owed.

Whoever claims work gets a lease: a token that is good until `lease_until`. The work is done in a transaction
that opens with its completion, fenced by the token. If the worker dies, the lease runs out and `expire` gives
the work back. The times are the database's, so that the clocks of several machines need not agree.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, ClassVar, Self, TypeVar, cast

from django.apps import apps
from django.db import models
from django.db.models.functions import Now

from events import work_sql
from events.backoff import delay
from events.backoff import jittered as jittered
from events.claim import claim
from events.conf import conf
from events.exceptions import LeaseLost as LeaseLost
from events.priority import Priority
from events.sql import execute, fetch, storable

ERROR_LENGTH = 4000
#: The states of what may be claimed once it is due.
WAITING = work_sql.WAITING

#: SQL conditions on the alias `work`, with their parameters; a partial index answers each.
UNFINISHED: list[tuple[str, list[object]]] = [
    ("work.state IN ('pending', 'retrying')", []),
    ("work.state = 'running'", []),
]
LATELY_DEAD = "work.state = 'dead' AND work.finished_at > %s"


class State(models.TextChoices):
    """Where a piece of work stands."""

    #: Not begun.
    PENDING = "pending", "pending"
    #: Claimed by a worker whose lease is good, or ran out a moment ago.
    RUNNING = "running", "running"
    #: Failed, postponed or abandoned; due again at available_at.
    RETRYING = "retrying", "retrying"
    #: Done.
    SUCCEEDED = "succeeded", "succeeded"
    #: Attempts used up. Kept for somebody to look at; can be requeued.
    DEAD = "dead", "dead"
    #: The handler said that it has become pointless.
    CANCELLED = "cancelled", "cancelled"


class LeasedWorkQuerySet(models.QuerySet[Any]):
    """Which work, and what to do with many rows of it."""

    def unfinished(self) -> Self:
        """What is still owed."""
        return self.filter(finished_at=None)

    def dead(self) -> Self:
        """What has used up its attempts."""
        return self.filter(state=State.DEAD)

    def requeue(self) -> int:
        """Make finished work pending again, with fresh attempts; return how many rows."""
        return self.filter(finished_at__isnull=False).update(
            state=State.PENDING, available_at=Now(), finished_at=None, failed=0, crashed=0, last_error=""
        )


class LeasedWork(models.Model):
    """A row that somebody owes. Subclass it, and register what doing it means with `performs`."""

    #: Which drain does it: the name of a django-q2 cluster, or of none, and then the default cluster does.
    lane: ClassVar[str] = "events"
    #: The foreign key whose object a claim brings along.
    parent: ClassVar[str] = "event"
    #: SQL that a due row (alias `work`) must fulfil besides.
    gate: ClassVar[str] = ""
    #: The column by which the work is divided into strands: what is slow in one of them holds up no other. An index of
    #: what is waiting has to begin with it.
    strand: ClassVar[str] = ""
    #: SQL that a strand must fulfil for anything of it to be claimed; {} is its name, an expression.
    open_strand: ClassVar[str] = "TRUE"
    #: Whether doing it is a call to somebody else: not in a transaction, and who does it records the success.
    external: ClassVar[bool] = False
    #: A claim grows while twice as many would take less than this, in seconds: so long does what is urgent wait.
    quick: ClassVar[float] = 0.05

    state = models.CharField(max_length=10, choices=State, default=State.PENDING, db_default=State.PENDING)
    priority = models.PositiveSmallIntegerField(
        choices=Priority, default=Priority.USUAL, db_default=Priority.USUAL
    )
    available_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    failed = models.PositiveSmallIntegerField(default=0, db_default=0)
    crashed = models.PositiveSmallIntegerField(default=0, db_default=0)
    last_error = models.TextField(default="", db_default="", blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = LeasedWorkQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="%(class)s_state"),
            models.CheckConstraint(
                condition=models.Q(priority__in=Priority.values), name="%(class)s_priority"
            ),
            models.CheckConstraint(
                condition=models.Q(state=State.RUNNING, lease_token__isnull=False, lease_until__isnull=False)
                | (~models.Q(state=State.RUNNING) & models.Q(lease_token=None, lease_until=None)),
                name="%(class)s_running_has_lease",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=work_sql.TERMINAL, finished_at__isnull=False)
                | (~models.Q(state__in=work_sql.TERMINAL) & models.Q(finished_at=None)),
                name="%(class)s_terminal_is_finished",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["priority", "available_at", "id"],
                name="%(class)s_due",
                condition=models.Q(state__in=work_sql.WAITING),
            ),
            models.Index(
                fields=["lease_until"], name="%(class)s_leased", condition=models.Q(state=State.RUNNING)
            ),
            models.Index(fields=["finished_at"], name="%(class)s_dead", condition=models.Q(state=State.DEAD)),
        ]

    @property
    def attempts(self) -> int:
        """How many attempts ended badly or are under way: failures, crashes and the present one."""
        return self.failed + self.crashed + (self.state in {State.RUNNING, State.SUCCEEDED})

    @classmethod
    def claim(cls, limit: int, only: str = "", values: Sequence[object] = ()) -> list[Self]:
        """Take up to `limit` due rows under one fresh token, in the order in which they are to be done.

        One statement, committed by itself: a claim must survive the transaction of the work. `only` is another SQL
        condition on the alias `work`, with its parameters.
        """
        gate = f"{cls.gate} AND {only}" if only else cls.gate
        return claim(cls, limit, gate=gate, parent=cls.parent, values=values)

    @classmethod
    def source(cls) -> work_sql.Source:
        """Return where its work is found."""
        return work_sql.Source(cls._meta.db_table, cls.gate, cls.strand, cls.open_strand)

    @classmethod
    def due_strands(cls, only: str = "", values: Sequence[object] = ()) -> list[str]:
        """Return the strands that have due work and are open; of work that is not divided, one without a name.

        `only` is another SQL condition on the alias `work`, with its parameters, that few rows fulfil.
        """
        if not cls.strand:
            return [""]
        statement = (
            work_sql.due_strands_of(cls.source(), only)
            if only
            else work_sql.due_strands(cls.source(), Priority.values)
        )
        return [name for (name,) in fetch(statement, values)]

    @classmethod
    def threads(cls, strand: str) -> int:
        """Return how many pieces of work of a strand one process may have under way at the same time."""
        return 1

    @classmethod
    def claim_in(cls, strand: str, limit: int, only: str = "", values: Sequence[object] = ()) -> list[Self]:
        """Claim due rows of one strand."""
        if cls.strand:
            # Of the strand and not of each row, or the due rows would be joined and sorted.
            mine = f"work.{cls.strand} = %s AND {cls.open_strand.format('%s')}"
            only, values = f"{mine} AND {only}" if only else mine, [strand, strand, *values]
        return cls.claim(limit, only, values)

    @classmethod
    def expire(cls) -> int:
        """Give back what the dead held; return how many rows.

        Only the first unfinished row of a token is blamed: it was the one being done. The third time it is dead.
        """
        values = [conf.max_crashes, conf.max_crashes, conf.backoff_seconds, conf.max_crashes]
        return execute(work_sql.expire(cls._meta.db_table), values)

    @classmethod
    def release(cls, token: uuid.UUID | None) -> int:
        """Give back, uncounted, what this token still holds; return how many rows."""
        return execute(work_sql.release(cls._meta.db_table), [token])

    def complete(self) -> None:
        """Record success; raise LeaseLost when the lease is no longer ours.

        Called first in the transaction of the work: its row lock then keeps `expire` away while this lives, but
        no longer than it may be silent.
        """
        if not execute(
            work_sql.complete(self._meta.db_table), [self.pk, self.lease_token, conf.longest_silence]
        ):
            raise LeaseLost(f"The lease of {self} ran out before it was begun.")

    @property
    def max_attempts(self) -> int:
        """After how many failures this is dead."""
        return conf.max_attempts

    def pause(self, failed: int) -> float | None:
        """Return the seconds until the next attempt after so many failures; None: there is none."""
        if failed >= self.max_attempts:
            return None
        return delay(failed, first=conf.backoff_seconds, ceiling=conf.backoff_ceiling_seconds)

    def fail(self, error: str) -> State | None:
        """Record a failure: due again after a backoff, or dead once the attempts are used up.

        Return the new state, or None if the lease was lost and nothing was recorded.
        """
        seconds = self.pause(self.failed + 1)
        if seconds is None:
            return self.give_up(error)
        return self._leave(
            State.RETRYING, failed=self.failed + 1, available_at=_in(seconds), last_error=error
        )

    def give_up(self, error: str) -> State | None:
        """Record a failure after which there is no other attempt."""
        return self._leave(State.DEAD, failed=self.failed + 1, finished_at=Now(), last_error=error)

    def cancel(self, reason: str) -> State | None:
        """Record that the work has become pointless."""
        return self._leave(State.CANCELLED, finished_at=Now(), last_error=reason)

    def postpone(self, seconds: float, reason: str) -> State | None:
        """Make the work due again after so many seconds, without counting a failure."""
        return self._leave(State.RETRYING, available_at=_in(seconds), last_error=reason)

    def _leave(self, state: State, **changes: Any) -> State | None:
        """Leave the running state for `state`, if the lease is still ours."""
        if "last_error" in changes:
            changes["last_error"] = storable(changes["last_error"])[:ERROR_LENGTH]
        mine = type(self)._default_manager.filter(pk=self.pk, lease_token=self.lease_token)
        left = mine.update(state=state, lease_token=None, lease_until=None, **changes)
        return state if left else None


def _in(seconds: float) -> models.Expression:
    return cast(models.Expression, Now() + timedelta(seconds=seconds))


W = TypeVar("W", bound=LeasedWork)
Turn = Callable[[], AbstractContextManager[object]]

#: What doing a piece of work means, and what surrounds a drain's turn, by model.
_steps: dict[type[LeasedWork], Callable[[Any], None]] = {}
_turns: dict[type[LeasedWork], Turn] = {}


def performs(
    model: type[W], *, turn: Turn = nullcontext
) -> Callable[[Callable[[W], None]], Callable[[W], None]]:
    """Register the decorated function as what doing a row of `model` means; it runs inside a transaction.

    Of external work it does not, and records its success itself. `turn` makes what surrounds a drain's turn: there
    the pieces of work can share what is dear, such as a connection to somebody else.
    """

    def register(step: Callable[[W], None]) -> Callable[[W], None]:
        _steps[model], _turns[model] = step, turn
        return step

    return register


def turn_of(model: type[LeasedWork]) -> AbstractContextManager[object]:
    """Return what surrounds a drain's turn at this work."""
    return _turns.get(model, nullcontext)()


def step_of(model: type[LeasedWork]) -> Callable[[Any], None]:
    """Return what was registered with `performs`."""
    return _steps[model]


def models_in(lane: str) -> list[type[LeasedWork]]:
    """Return the models whose work a drain of this lane does, in the order of INSTALLED_APPS."""
    return [model for model in leased_models() if model.lane == lane]


def leased_models() -> list[type[LeasedWork]]:
    """Return every model of leased work in the installation."""
    return [model for model in apps.get_models() if issubclass(model, LeasedWork) and not model._meta.proxy]


def lanes() -> list[str]:
    """Return the names of all lanes."""
    return list(dict.fromkeys(model.lane for model in leased_models()))


def seconds_until_due(lane: str) -> float | None:
    """Return in how many seconds (negative: since how many) work of the lane is due, expired leases included.

    None if nothing is owed.
    """
    ((seconds,),) = fetch(f"SELECT {due_sql([lane])}")
    return None if seconds is None else float(seconds)


def due_sql(names: list[str]) -> str:
    """Return a scalar SQL expression: the seconds until the earliest due work of these lanes, or NULL."""
    sources = [model.source() for name in names for model in models_in(name)]
    return work_sql.due(sources, Priority.values)
