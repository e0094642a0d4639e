"""Processes of a run: workers and the programs of baselines. Nothing outlives the run."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from events.processes import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 15


class Failed(Exception):
    """A process of the run has ended badly; its last words are the message."""


class Running:
    """A process that serves while it is needed."""

    def __init__(self, process: "subprocess.Popen[Any]") -> None:
        self._process = process

    def tree(self) -> list[psutil.Process]:
        """Return it and everything under it."""
        try:
            main = psutil.Process(self._process.pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def peak_memory(self) -> float:
        """Return the sum of the most resident memory that each process of the tree has had, in MB."""
        return sum(map(_peak, self.tree())) / 2**20


@contextmanager
def running(command: Sequence[object], **environment: str) -> Iterator[Running]:
    """Run a program in the background; in the end stop it, and kill what does not stop."""
    with tempfile.TemporaryFile() as log:
        process = _start(command, environment, stdout=log, stderr=subprocess.STDOUT)
        found = Running(process)
        try:
            yield found
        except Exception as error:
            error.add_note(f"What {command[1:3]} printed:\n{_end_of(log)}")
            raise
        finally:
            _stop(process, found.tree())


def answer(command: Sequence[object], **environment: str) -> Any:
    """Run a program to its end and return what it printed, which is JSON; raise Failed."""
    process = _start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        printed, complaints = process.communicate()
    finally:
        _stop(process, _tree(process.pid))
    if process.returncode:
        raise Failed(f"{' '.join(map(str, command))}\n{complaints.decode()[-4000:]}")
    return json.loads(printed)


def python(module: str, *arguments: object) -> list[object]:
    """Return the command line of a module in our own environment."""
    return [sys.executable, "-m", module, *arguments]


def manage(*arguments: str) -> list[object]:
    """Return the command line of a management command."""
    return [sys.executable, "manage.py", *arguments]


def _start(
    command: Sequence[object], environment: Mapping[str, str], **output: Any
) -> "subprocess.Popen[Any]":
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | environment,
        start_new_session=True,
        preexec_fn=die_with_parent,
        **output,
    )


def _stop(process: "subprocess.Popen[Any]", tree: Sequence[psutil.Process]) -> None:
    """Ask the main process to stop; then kill what is left of the tree."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    for each in tree:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _peak(process: psutil.Process) -> int:
    """Return the high-water mark that Linux keeps, in bytes; elsewhere, what is resident now."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    except OSError:
        pass
    except StopIteration:  # it has just ended
        return 0
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def _end_of(log: Any) -> str:
    log.seek(0)
    return str(log.read().decode(errors="replace")[-4000:])
