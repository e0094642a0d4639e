"""The only door to django-q2, which carries wake-ups and schedules; what is owed is in our own tables."""

import logging
import math
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.models import Schedule
from django_q.tasks import async_task

from events.broker import PostgresBroker, channel, clusters
from events.conf import conf
from events.drain import do_now as do_now
from events.drain import drain
from events.sql import execute, fetch

logger = logging.getLogger(__name__)

#: Failed task results are always saved by django-q2; ours say nothing that the work tables do not.
RESULTS_KEPT = timedelta(days=7)


#: The lanes for which something has been written by this thread since they were last woken.
_written = threading.local()


def wake_on_commit(lane: str) -> None:
    """Wake a worker of the lane once the transaction has committed; a failure to do so is only logged.

    Not inside the transaction: NOTIFY takes a lock on all commits of the server. Of the wake-ups of one
    transaction the first is enough; which that is, is known only then, as savepoints may take some back.
    """
    _written.__dict__[lane] = True
    transaction.on_commit(_waker(lane), robust=True)


@cache
def _waker(lane: str) -> Callable[[], None]:
    def waker() -> None:
        if _written.__dict__.pop(lane, False):
            wake(lane)

    return waker


def wake(lane: str) -> None:
    """Have the due work of a lane done soon: by a worker, or at once by this thread if execution is inline.

    Inline there is no other turn: nobody would come back for what a limited one leaves.
    """
    if conf.execution == "inline":
        drain(lane, seconds=math.inf)
    elif uses_postgres_broker():
        fetch("SELECT pg_notify(%s, '')", [channel(lane)])
    else:
        cluster = clusters()[lane]
        async_task(drain, lane, q_options={"cluster": cluster, "broker": _broker(cluster), "save": False})


@cache
def _broker(cluster: str) -> Any:
    """Keep one broker: making one for each call costs a new connection to Redis each time."""
    return get_broker(cluster)


def uses_postgres_broker() -> bool:
    """Tell whether django-q2 takes its tasks from our PostgresBroker."""
    path = conf.q_cluster.get("broker_class") or ""
    return bool(path) and issubclass(import_string(path), PostgresBroker)


def ensure_schedules() -> None:
    """Create the schedules that Carillon needs, unless they are there; called after each migrate.

    `migrate events` alone leaves django-q2 without its table; the next migrate, or worker, comes here again.
    """
    if not _is_migrated(Schedule):
        return
    wanted: dict[str, tuple[str, tuple[str, ...], str, str | None]] = {
        "Carillon: delete what has expired": ("events.cleanup.clean_up", (), Schedule.HOURLY, None)
    }
    if not uses_postgres_broker():
        # A broker may forget a wake-up; the work tables do not.
        wanted |= {
            f"Carillon: drain {lane}": ("events.drain.drain", (lane,), Schedule.MINUTES, cluster)
            for lane, cluster in clusters().items()
        }
    with transaction.atomic():
        fetch("SELECT pg_advisory_xact_lock(hashtextextended('carillon:schedules', 0))")
        for name, (function, arguments, kind, cluster) in wanted.items():
            # Those of an earlier release may have none.
            Schedule.objects.filter(name=name).exclude(cluster=cluster).update(cluster=cluster)
            Schedule.objects.get_or_create(
                name=name,
                defaults={"func": function, "args": repr(arguments), "schedule_type": kind, "minutes": 1}
                | {"next_run": timezone.now(), "cluster": cluster},
            )


def _is_migrated(model: type[models.Model]) -> bool:
    """Tell whether the table of a model is there, with every column."""
    columns = [field.column for field in model._meta.concrete_fields]
    found = fetch(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = ANY(%s) AND NOT attisdropped",
        [connection.ops.quote_name(model._meta.db_table), columns],
    )
    return bool(found[0][0] == len(columns))


PRUNE = """
    DELETE FROM django_q_task
     WHERE id = ANY(ARRAY(SELECT id FROM django_q_task WHERE stopped < %s LIMIT %s FOR UPDATE SKIP LOCKED))"""


def prune_results(batch: int) -> int:
    """Delete old task results, failures included, in statements of `batch` rows; return how many."""
    before, total = timezone.now() - RESULTS_KEPT, 0
    while True:
        count = execute(PRUNE, [before, batch])
        total += count
        if count < batch:
            return total
