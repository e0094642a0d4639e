"""Real worker processes on the test database."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import psutil
from django.db import connection

from events.work import models_in
from tests.polling import eventually

ROOT = Path(__file__).resolve().parent.parent


def environment(**settings: object) -> dict[str, str]:
    """Return the environment of a process that shares this test's database; settings become TEST_* of it."""
    own = {f"TEST_{name.upper()}": str(value) for name, value in settings.items()}
    return (
        os.environ
        | own
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_NAME": str(connection.settings_dict["NAME"]),
            "LOG_LEVEL": "INFO",
            "DJANGO_Q_LOG_LEVEL": "INFO",  # its workers say who they are
            "PYTHONUNBUFFERED": "1",
        }
    )


class Process:
    """A manage.py command in a process group of its own; leaves nothing behind."""

    def __init__(
        self,
        *arguments: str,
        program: tuple[str, ...] = ("manage.py",),
        variables: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self._log = tempfile.TemporaryFile("w+")
        #: What its database connections are called.
        self.name = f"carillon-test-{uuid4().hex[:12]}"
        self.popen = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env=environment(**settings) | {"PGAPPNAME": self.name} | dict(variables or {}),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._seen: dict[int, psutil.Process] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if error is not None:
            print(self.log()[-8000:])  # noqa: T201 - pytest shows it with the failure
        self._log.close()

    @property
    def pid(self) -> int:
        """The main process."""
        return self.popen.pid

    def descendants(self) -> list[psutil.Process]:
        """Return every process under the main one; remembered, so that orphans are killed in the end."""
        try:
            found = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self._seen |= {process.pid: process for process in found}
        return found

    def log(self) -> str:
        """Return what it has printed."""
        self._log.flush()
        return Path(f"/proc/{os.getpid()}/fd/{self._log.fileno()}").read_text(
            encoding="utf-8", errors="replace"
        )

    def stop(self, timeout: float = 20) -> int:
        """Ask it to stop, and return its exit code."""
        self.descendants()
        self.popen.terminate()
        return self.popen.wait(timeout)

    def kill(self) -> None:
        """Kill it and everything that it started: whole process groups, or a guard would replace the killed."""
        self.descendants()
        groups = {self.pid} | {
            os.getpgid(process.pid) for process in self._seen.values() if process.is_running()
        }
        for group in groups - {os.getpgrp()}:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.popen.wait()
        psutil.wait_procs(list(self._seen.values()), timeout=5)


class Cluster(Process):
    """`manage.py qcluster` of a lane, waited for until its workers take tasks."""

    def __init__(self, *lanes: str, **settings: Any) -> None:
        self.lanes, self.settings = list(lanes or ["events"]), settings
        self.workers_wanted = int(str(settings.get("workers", 2))) * len(self.lanes)
        command, variables = self.command()
        super().__init__(*command, variables=variables, **settings)

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return what to run, and the variables that it needs."""
        (lane,) = self.lanes
        return ["qcluster"], {"Q_CLUSTER_NAME": lane}

    def __enter__(self) -> Self:
        try:
            eventually(self.is_ready, timeout=30, what="the cluster is ready")
        except AssertionError as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def is_ready(self) -> bool:
        """Tell whether its workers wait for tasks, and the pusher listens, so that a publish wakes it."""
        assert self.popen.poll() is None, self.log()
        self.descendants()
        if len(self._ready_workers()) < self.workers_wanted:
            return False
        if "redis" in self.settings:
            return self.log().count(" pushing tasks at ") >= len(self.lanes)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND query LIKE %s",
                [self.name, "%django_q_ormq%"],
            )
            return bool(cursor.fetchone()[0] >= len(self.lanes))

    def main(self) -> psutil.Process:
        """Return the main process of django-q2."""
        return psutil.Process(self.pid)

    def sentinel(self) -> psutil.Process:
        """Return the process that guards the others."""
        (found,) = self.main().children()
        return found

    def workers(self) -> list[psutil.Process]:
        """Return the living worker processes that have said so: not the monitor, nor the pusher."""
        ready = self._ready_workers()
        return [process for process in self.sentinel().children() if process.pid in ready]

    def _ready_workers(self) -> set[int]:
        return {int(pid) for pid in re.findall(r" ready for work at (\d+)", self.log())}


class Watched(Cluster):
    """`manage.py worker`: a watchdog above the clusters of some lanes."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return what to run."""
        return ["worker", *(f"--lane={lane}" for lane in self.lanes)], {}

    def main(self, lane: str = "events") -> psutil.Process:
        """Return the main process of django-q2 that serves a lane, below the watchdog."""
        clusters = psutil.Process(self.pid).children()
        (found,) = [each for each in clusters if each.environ()["Q_CLUSTER_NAME"] == lane]
        return found


def unfinished() -> int:
    """Return how much work is owed."""
    return sum(model._default_manager.filter(finished_at=None).count() for model in models_in("events"))


def run_python(program: str, variables: Mapping[str, str] | None = None, **settings: object) -> str:
    """Run a program in a Django process of its own, with more environment variables; return what it prints."""
    prepared = f"import django; django.setup(); from events.bus import event_bus; {program}"
    command = [sys.executable, "-c", prepared]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**settings) | dict(variables or {}),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
