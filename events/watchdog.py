"""Keep the clusters of django-q2 running: start one for each lane, and start it anew when it is stuck or gone.

A worker that is killed while it waits for a task leaves the lock of the queue locked for ever: the cluster
says "reincarnated", takes no task any more, and does not even stop. Nobody claims what is due then, and that
is what the watchdog looks for. A killed main process leaves its workers running unwatched: their whole
process group is killed.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from events import work_sql
from events.broker import clusters
from events.conf import conf
from events.processes import die_with_parent
from events.queue import uses_postgres_broker
from events.sql import LOST_DATABASE, fetch
from events.work import models_in

logger = logging.getLogger(__name__)

#: Seconds between two looks, and between a crash and the next start.
LOOK_EVERY = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: Where the doubling of the patience ends, in seconds.
LONGEST_PATIENCE = 300.0

BUSY = """
    SELECT EXISTS (SELECT 1 FROM django_q_ormq
                    WHERE key = %s AND lock > statement_timestamp() + %s * interval '1 second')"""


#: A due row: (table, id, available_at).
Due = tuple[str, int, datetime]


@dataclass
class Cluster:
    """One `manage.py qcluster`, in a process group of its own."""

    name: str
    lanes: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    pause: float = FIRST_PAUSE
    start_at: float = 0.0
    started_at: float = 0.0
    #: What was first in line at the last looks, and since when.
    first: list[Due] | None = None
    first_since: float = field(default_factory=time.monotonic)
    #: How often in a row it was restarted for not claiming, and what it was to claim.
    stalls: int = 0
    unclaimed: list[Due] = field(default_factory=list)

    def start(self) -> None:
        """Start the processes."""
        environment = os.environ | {"Q_CLUSTER_NAME": self.name}
        self.process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, sys.argv[0], "qcluster"],
            env=environment,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self.started_at = self.first_since = time.monotonic()
        self.first = None
        logger.info("Started the cluster %s (process %s).", self.name, self.process.pid)

    def kill(self) -> None:
        """Kill the whole process group at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Ask the cluster to finish what it is doing."""
        if self.process is not None:
            self.process.terminate()

    def look(self) -> None:
        """Start it if it is to run; restart it if it has died or is stuck."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.start()
        elif self.process.poll() is not None:
            self._restart(f"has ended with code {self.process.returncode}")
        elif now - self.started_at > LONGEST_PAUSE:
            self.pause = FIRST_PAUSE
        if self.process is not None and self._is_stuck():
            self._restart(f"has not claimed due work for {self.patience:g} s, though it is not busy")
            self.stalls, self.unclaimed = self.stalls + 1, self.first or []

    def _restart(self, why: str) -> None:
        logger.error("The cluster %s %s; starting it anew in %.0f s.", self.name, why, self.pause)
        self.kill()
        self.start_at = time.monotonic() + self.pause
        self.pause = min(LONGEST_PAUSE, self.pause * 2)

    @property
    def patience(self) -> float:
        """Seconds without a claim after which it is stuck: more after each restart that did not help.

        It may only be slow to start; with the same patience it would be killed for ever before it is ready.
        """
        doubled = conf.stall_seconds * 2.0 ** min(self.stalls, 32)
        patience = max(conf.stall_seconds, min(LONGEST_PATIENCE, doubled))
        # We cannot see what a foreign broker has handed out: allow for the longest task.
        return patience if uses_postgres_broker() else patience + float(conf.q_cluster["timeout"])

    def _is_stuck(self) -> bool:
        """Tell whether the same work has been first in line for too long while nobody was doing anything."""
        if self.stalls and not any(map(is_still_due, self.unclaimed)):
            self.stalls = 0
        first = None if is_busy(self.name, self.lanes) else first_in_line(self.lanes)
        if first is None or first != self.first:
            self.first, self.first_since = first, time.monotonic()
        return first is not None and time.monotonic() - self.first_since > self.patience


def is_still_due(row: Due) -> bool:
    """Tell whether nobody has claimed this since: a claim leaves it done or due at another time."""
    table, *values = row
    return bool(fetch(work_sql.is_still_due(table), values)[0][0])


def first_in_line(lanes: list[str]) -> list[Due] | None:
    """Return what the next claims would take; None if nothing is due.

    Any claim takes the first in line of a strand: if all of them stay the same, nobody claims.
    """
    found: list[Due] = []
    for model in (model for lane in lanes for model in models_in(lane)):
        rows = fetch(work_sql.first_in_line(model.source()))
        found += [(model._meta.db_table, pk, available_at) for pk, available_at in rows]
    return found or None


def is_busy(cluster: str, lanes: list[str]) -> bool:
    """Tell whether somebody holds a live lease in these lanes, or an ordinary task of the cluster."""
    tables = [model._meta.db_table for lane in lanes for model in models_in(lane)]
    if any(fetch(work_sql.has_live_lease(table))[0][0] for table in tables):
        return True
    return bool(fetch(BUSY, [cluster, conf.q_cluster.get("retry", 60) - conf.q_cluster["timeout"]])[0][0])


class Watchdog:
    """Runs the clusters of some lanes until it is told to stop."""

    def __init__(self, lanes: list[str]) -> None:
        served = {lane: cluster for lane, cluster in clusters().items() if lane in lanes}
        self.clusters = [
            Cluster(name, [lane for lane, cluster in served.items() if cluster == name])
            for name in dict.fromkeys(served.values())
        ]
        self._signals = 0

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT; then wait for the clusters to finish. A second signal kills them."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                self._look()
                time.sleep(LOOK_EVERY)
            self._finish()
        finally:
            for cluster in self.clusters:
                cluster.kill()

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1

    def _look(self) -> None:
        for cluster in self.clusters:
            try:
                cluster.look()
            except LOST_DATABASE as error:
                logger.warning("The database is out of reach (%s); looking again.", type(error).__name__)
                connection.close()

    def _finish(self) -> None:
        """Give every cluster the time of its longest task."""
        for cluster in self.clusters:
            cluster.stop()
        deadline = time.monotonic() + conf.q_cluster["timeout"] + 5
        while time.monotonic() < deadline and self._signals < 2:
            if all(
                cluster.process is None or cluster.process.poll() is not None for cluster in self.clusters
            ):
                return
            time.sleep(0.05)
