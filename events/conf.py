"""The settings of the bus, each with its default; read when used, so that tests can override them."""

from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings

T = TypeVar("T")


class Setting(Generic[T]):
    """One optional Django setting."""

    def __init__(self, name: str, default: T) -> None:
        self.name, self.default = name, default

    def __get__(self, instance: object, owner: type) -> T:
        value: T = getattr(settings, self.name, self.default)
        return value


class Conf:
    """Times are in seconds where the name says so."""

    #: "queue": workers run the handlers. "inline": this thread does, after commit (scripts, tests).
    execution = Setting("EVENTS_EXECUTION", "queue")
    #: How long a claim is good for. Must lie between django-q2's timeout and its retry.
    lease_seconds = Setting("EVENTS_LEASE_SECONDS", 90)
    #: How long one drain works before it lets other tasks of its cluster have a turn.
    turn_seconds = Setting("EVENTS_TURN_SECONDS", 2.0)
    #: Failures after which work is dead. Twenty take about ten hours.
    max_attempts = Setting("EVENTS_MAX_ATTEMPTS", 20)
    #: Deaths of the worker process after which the work that it was doing is dead.
    max_crashes = Setting("EVENTS_MAX_CRASHES", 3)
    #: The first delay of the exponential backoff, and its ceiling.
    backoff_seconds = Setting("EVENTS_BACKOFF_SECONDS", 5.0)
    backoff_ceiling_seconds = Setting("EVENTS_BACKOFF_CEILING_SECONDS", 3600.0)
    #: How long an event stays in the log, unless its type says otherwise.
    retention = Setting("EVENTS_RETENTION", timedelta(days=90))
    #: How long dead work, and the event it belongs to, is kept for somebody to look at.
    dead_retention = Setting("EVENTS_DEAD_RETENTION", timedelta(days=90))
    #: `manage.py worker` restarts a cluster in which nobody claims due work for so long.
    stall_seconds = Setting("EVENTS_STALL_SECONDS", 10.0)
    #: Where to LISTEN when the default database sits behind a transaction-mode PgBouncer: a libpq string.
    listen_dsn = Setting("EVENTS_LISTEN_DSN", "")
    #: Whether event types marked test_only exist.
    test_types = Setting("EVENTS_TEST_TYPES", False)

    @property
    def longest_silence(self) -> str:
        """How long a worker's transaction may be without a statement, as PostgreSQL writes it.

        As long as a lease, after which others want the work; inline for ever ("0"), since there are no others.
        """
        return "0" if self.execution == "inline" else f"{self.lease_seconds}s"

    @property
    def q_cluster(self) -> dict[str, Any]:
        """django-q2's own settings."""
        found: dict[str, Any] = getattr(settings, "Q_CLUSTER", {})
        return found


conf = Conf()
