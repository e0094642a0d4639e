"""A wrong setting is a system check, with an id and a hint."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from events.conf import Conf, conf

RECOMMENDED = {
    "max_attempts": (1, "attempts are counted by the work tables; a drain that failed is handed out anew"),
    "ack_failures": (True, "otherwise a failed task is run again for ever"),
    "save_limit": (-1, "a positive limit loads every saved result after each task: 146 tasks/s at the most"),
    "catch_up": (False, "otherwise each missed hour of clean-up is made up for after an outage"),
}

WEEK, CENTURY = 604_800, timedelta(days=36_500)
LARGEST: dict[str, Any] = {
    "lease_seconds": WEEK,
    "turn_seconds": WEEK,
    "stall_seconds": WEEK,
    "backoff_seconds": WEEK,
    "backoff_ceiling_seconds": CENTURY.total_seconds(),
    "max_attempts": 32_767,
    "max_crashes": 32_767,
    "retention": CENTURY,
    "dead_retention": CENTURY,
}

#: Who cannot be lost without us.
SAME_MACHINE = {"", "localhost", "127.0.0.1", "::1"}


@register("events")
def check_broker(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Is django-q2 set up, and with which broker?"""
    if not conf.q_cluster:
        return [_no_cluster()]
    path = conf.q_cluster.get("broker_class")
    try:
        broker = import_string(path) if path else None
    except ImportError as error:
        return [_no_such_broker(error)]
    from events.broker import PostgresBroker

    if broker is None or not issubclass(broker, PostgresBroker):
        return [_other_broker()]
    return [_other_database()] if conf.q_cluster.get("orm") != "default" else []


def _no_cluster() -> CheckMessage:
    return Error(
        "Q_CLUSTER is not set, so django-q2 would wait for a Redis on this machine.",
        hint='Set Q_CLUSTER = {"broker_class": "events.broker.PostgresBroker", "orm": "default", ...}; '
        "project/settings.py has a whole one.",
        id="events.E001",
    )


def _no_such_broker(error: ImportError) -> CheckMessage:
    return Error(
        f'Q_CLUSTER["broker_class"] cannot be imported: {error}', hint="Correct it.", id="events.E002"
    )


def _other_broker() -> CheckMessage:
    return checks.Warning(
        "django-q2 uses another broker than events.broker.PostgresBroker.",
        hint="Everything works, but wake-ups are tasks of that broker, and what it loses waits for the "
        "schedule of each minute.",
        id="events.W003",
    )


def _other_database() -> CheckMessage:
    return Error(
        f'Q_CLUSTER["orm"] is {conf.q_cluster.get("orm")!r}.',
        hint='Set it to "default", where the work tables are: the broker looks at both in one statement.',
        id="events.E004",
    )


@register("events")
def check_times(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A task must end before its lease, and its lease before the broker hands it out again."""
    if not conf.q_cluster:
        return []
    timeout, retry = conf.q_cluster.get("timeout"), conf.q_cluster.get("retry", 60)
    if not (timeout and timeout < conf.lease_seconds < retry):
        return [_wrong_order(timeout, retry)]
    return [_long_turn(timeout)] if conf.turn_seconds >= timeout else []


def _wrong_order(timeout: float | None, retry: float) -> CheckMessage:
    return Error(
        f'Q_CLUSTER["timeout"] ({timeout}) < EVENTS_LEASE_SECONDS ({conf.lease_seconds}) < '
        f'Q_CLUSTER["retry"] ({retry}) does not hold.',
        hint="With 60, 90 and 180, no work is given to a second worker while the first may be at it.",
        id="events.E005",
    )


def _long_turn(timeout: float) -> CheckMessage:
    return Error(
        f'EVENTS_TURN_SECONDS ({conf.turn_seconds}) is not shorter than Q_CLUSTER["timeout"] ({timeout}).',
        hint="A turn is to end by itself: 2 seconds are good.",
        id="events.E006",
    )


@register("events")
def check_cluster_settings(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Settings of django-q2 that cost throughput or repeat tasks."""
    return [
        checks.Warning(
            f'Q_CLUSTER["{name}"] is {conf.q_cluster.get(name)!r}.',
            hint=f"Set it to {wanted!r}: {why}.",
            id="events.W007",
        )
        for name, (wanted, why) in RECOMMENDED.items()
        if conf.q_cluster and conf.q_cluster.get(name) != wanted
    ]


@register("events")
def check_execution(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """EVENTS_EXECUTION has two values."""
    if conf.execution in {"queue", "inline"}:
        return []
    return [
        Error(
            f"EVENTS_EXECUTION is {conf.execution!r}.",
            hint='Set it to "queue" (workers run the handlers) or "inline" (this thread does, after commit).',
            id="events.E008",
        )
    ]


@register("events")
def check_largest(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """No number beyond its column, and no time beyond what can be waited for or reckoned with; NaN is beyond, too."""
    found = [(name, getattr(conf, name), largest) for name, largest in LARGEST.items()]
    return [
        _too_large(name, value, largest) for name, value, largest in found if not _is_within(value, largest)
    ]


def _is_within(value: Any, largest: Any) -> bool:
    try:
        return bool(value <= largest)
    except TypeError:
        return False


def _too_large(name: str, value: Any, largest: Any) -> CheckMessage:
    default = Conf.__dict__[name].default
    return Error(
        f"EVENTS_{name.upper()} is {value!r}.",
        hint=f"Set it to {largest!r} or less; {default!r} is the default.",
        id="events.E015",
    )


@register("events")
def check_database(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """PostgreSQL, with connections that last, and none that are shared by forks."""
    default: dict[str, Any] = settings.DATABASES.get("default", {})
    found = (check(default) for check in (_engine, _lasting, _pooler, _keepalives))
    return [message for message in found if message is not None]


def _engine(default: dict[str, Any]) -> CheckMessage | None:
    # By its name: to ask the backend for its vendor would import, and pgbouncer wrappers have other names.
    if not any(other in default.get("ENGINE", "") for other in ("sqlite", "mysql", "oracle")):
        return None
    return Error(
        f"The default database is {default['ENGINE']}.",
        hint="Carillon needs PostgreSQL 15 or newer: SKIP LOCKED, LISTEN and partial indexes carry it.",
        id="events.E009",
    )


def _lasting(default: dict[str, Any]) -> CheckMessage | None:
    if default.get("OPTIONS", {}).get("pool"):
        return Error(
            'DATABASES["default"]["OPTIONS"]["pool"] is set for a manage.py command.',
            hint="The processes that qcluster forks would share the pool's sockets. Use the pool in the ASGI "
            "process only, as project/asgi.py does.",
            id="events.E010",
        )
    if default.get("CONN_MAX_AGE", 0) != 0:
        return None
    return checks.Warning(
        'DATABASES["default"]["CONN_MAX_AGE"] is 0.',
        hint="Each task then connects anew: 93 instead of 1,750 tasks/s were enqueued. Set 600, and "
        "CONN_HEALTH_CHECKS.",
        id="events.W011",
    )


def _pooler(default: dict[str, Any]) -> CheckMessage | None:
    if not default.get("DISABLE_SERVER_SIDE_CURSORS") or conf.listen_dsn:
        return None
    return checks.Warning(
        'DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] is on, so there may be a PgBouncer in between.',
        hint="In transaction mode LISTEN hears nothing, and only polling is left. Set EVENTS_LISTEN_DSN to "
        "the server itself.",
        id="events.W012",
    )


def _keepalives(default: dict[str, Any]) -> CheckMessage | None:
    host = default.get("HOST", "")
    if host.startswith("/") or host in SAME_MACHINE or "keepalives_idle" in default.get("OPTIONS", {}):
        return None
    return checks.Warning(
        f"The connections to {host} have no keepalives of their own.",
        hint="If that machine, or a worker's, is lost, the other end notices after two hours. "
        "docs/your-project.md has the OPTIONS for a minute.",
        id="events.W013",
    )
