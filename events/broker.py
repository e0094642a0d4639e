"""PostgresBroker: a django-q2 broker that hands out drains of the work tables, woken by LISTEN.

Publishing enqueues nothing. The pusher of a cluster waits for the NOTIFY that follows a commit, or for the
moment at which something becomes due, and then hands a worker one disposable task: drain this lane.
Ordinary tasks (async_task, schedules) are in django-q2's own table and are taken with SKIP LOCKED.
"""

import logging
import time
from functools import cached_property

from django.db import connection, transaction
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.signing import SignedPackage

from events.conf import conf
from events.listen import Listener, channel
from events.sql import LOST_DATABASE, fetch
from events.work import due_sql, lanes

__all__ = ["PostgresBroker", "channel", "clusters"]

logger = logging.getLogger(__name__)

#: Seconds between two drains for work that stays due: until a worker has claimed it, it looks due. The pause
#: doubles up to the longest, and is short again once nothing is due.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.004, 0.1

DEQUEUE = """
    WITH taken AS (
        UPDATE django_q_ormq SET lock = statement_timestamp() + %s * interval '1 second'
         WHERE id = ANY(ARRAY(
               SELECT id FROM django_q_ormq
                WHERE key = %s AND lock <= statement_timestamp()
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
        RETURNING id, payload)
    SELECT id, payload, NULL::float FROM taken
    UNION ALL
    SELECT NULL, NULL, {due}"""


def clusters() -> dict[str, str]:
    """Return the cluster that serves each lane: the one of its name, or else the default one."""
    own = conf.q_cluster.get("ALT_CLUSTERS", {})
    default: str = conf.q_cluster.get("cluster_name", conf.q_cluster.get("name", "default"))
    return {lane: lane if lane in own else default for lane in lanes()}


class PostgresBroker(ORM):  # type: ignore[misc]  # django-q2 has no types
    """Set it as Q_CLUSTER["broker_class"], with "orm" naming the database."""

    _pause = SHORTEST_PAUSE
    _paused_until = 0.0

    @cached_property
    def _lanes(self) -> list[str]:
        return [lane for lane, cluster in clusters().items() if cluster == self.list_key]

    @cached_property
    def _listener(self) -> Listener:
        """Made in the process that dequeues: web processes make brokers too, and forks share sockets."""
        return Listener([queue_channel(self.list_key), *map(channel, self._lanes)])

    @cached_property
    def _dequeue_sql(self) -> str:
        return DEQUEUE.format(due=due_sql(self._lanes).replace("%", "%%"))

    def enqueue(self, task: str) -> int:
        """Store an ordinary task, and wake the cluster when that is committed."""
        pk: int = super().enqueue(task)
        transaction.on_commit(self._notify, robust=True)
        return pk

    def _notify(self) -> None:
        fetch("SELECT pg_notify(%s, '')", [queue_channel(self.list_key)])

    def dequeue(self) -> list[tuple[int | None, str]] | None:
        """Return what to do next, or wait for it, at most `poll` seconds, and return nothing.

        A lost database is waited for; the pusher would otherwise sleep for ten seconds and die.
        """
        try:
            return self._take()
        except LOST_DATABASE as error:
            logger.warning("The database is out of reach (%s); trying again.", type(error).__name__)
            connection.close()
            time.sleep(Conf.POLL)
            return None

    def _take(self) -> list[tuple[int | None, str]] | None:
        self._listener.listen()
        tasks, due_in = self._look()
        if due_in is None or due_in > 0:
            self._pause = SHORTEST_PAUSE
            if not tasks:
                self._listener.wait(Conf.POLL if due_in is None else min(Conf.POLL, due_in))
            return tasks
        return tasks + self._drains()

    def _drains(self) -> list[tuple[int | None, str]]:
        """Return a drain for each lane, once the pause since the last ones is over."""
        time.sleep(max(0.0, self._paused_until - time.monotonic()))
        self._paused_until = time.monotonic() + self._pause
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        return [(None, _drain_task(lane)) for lane in self._lanes]

    def _look(self) -> tuple[list[tuple[int | None, str]], float | None]:
        """Take ordinary tasks, and ask in how many seconds something is due, in one statement."""
        rows = fetch(self._dequeue_sql, [Conf.RETRY, self.list_key, Conf.BULK])
        return [(pk, payload) for pk, payload, _ in rows if pk is not None], rows[-1][2]


def queue_channel(cluster: str) -> str:
    """Return the channel on which the ordinary tasks of a cluster are announced."""
    return f"carillon_queue_{cluster}"


def _drain_task(lane: str) -> str:
    """Return a signed task; without an acknowledgement id, since losing it loses nothing."""
    package: str = SignedPackage.dumps(
        {
            "id": f"drain-{lane}",
            "name": f"drain {lane}",
            "func": "events.drain.drain",
            "args": (lane,),
            "kwargs": {},
            "started": timezone.now(),
            "save": False,
        }
    )
    return package
