"""The embedded server: started by the first, shared, stopped after the last, whatever ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.polling import eventually

ROOT = Path(__file__).resolve().parent.parent.parent

USE = """
import sys, psycopg
from project.embedded.server import ensure_running
host = ensure_running(sys.argv[1])
with psycopg.connect(host=host, user="postgres", dbname="carillon") as connection:
    print(connection.execute("SELECT 'ready'").fetchone()[0], flush=True)
sys.stdin.read()
"""

#: Prints "ready" again after each line that it is sent.
USE_AGAIN = """
import sys, psycopg
from concurrent.futures import ThreadPoolExecutor
from project.embedded.server import ensure_running

def use(number):
    with psycopg.connect(host=ensure_running(sys.argv[1]), user="postgres", dbname="carillon") as connection:
        return connection.execute("SELECT 'ready'").fetchone()[0]

with ThreadPoolExecutor(8) as threads:
    print(*set(threads.map(use, range(8))), flush=True)
    for line in sys.stdin:
        print(*set(threads.map(use, range(8))), flush=True)
"""


class User:
    """A process that uses the server until it is told to end."""

    def __init__(self, folder: Path, program: str = USE, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        """Wait until it has used the server."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line == "ready\n", self.process.communicate()

    def again(self) -> None:
        """Let it use the server once more, and wait until it has."""
        assert self.process.stdin
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        self.ready()

    def end(self) -> None:
        """Let it end by itself."""
        _, errors = self.process.communicate(timeout=20)
        assert (self.process.returncode, "Traceback" in errors) == (0, False), errors

    def kill(self) -> None:
        """Kill it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=20)


def postmaster(folder: Path) -> psutil.Process | None:
    """Return the server's process if it is running."""
    pid_file = folder / "postgres" / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
    except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return None
    return process if "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the server's data is; reachable for the user it runs as."""
    return tmp_path / "data"


def test_it_is_shared_and_stopped_after_the_last(folder: Path) -> None:
    first, second = User(folder), User(folder)
    first.ready()
    second.ready()
    server = postmaster(folder)
    assert server
    first.end()
    assert server.is_running()
    second.end()
    eventually(lambda: postmaster(folder) is None)


def test_it_starts_again_with_its_data(folder: Path) -> None:
    for _ in range(2):
        user = User(folder)
        user.ready()
        user.end()
    eventually(lambda: postmaster(folder) is None)


def test_a_user_that_was_killed_does_not_keep_it_for_ever(folder: Path) -> None:
    killed = User(folder)
    killed.ready()
    killed.kill()
    assert postmaster(folder), "nobody was there to stop it"
    last = User(folder)
    last.ready()
    last.end()
    eventually(lambda: postmaster(folder) is None)


def test_a_pid_file_from_before_a_restart_of_the_machine_is_no_server(folder: Path) -> None:
    user = User(folder)
    user.ready()
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    user.end()
    pid_file.write_text(
        "\n".join([str(os.getpid()), *lines[1:]]) + "\n"
    )  # the number is another program's now
    again = User(folder)
    again.ready()
    again.end()


def test_a_path_too_long_for_a_socket_is_no_problem(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / "data"
    user = User(deep)
    user.ready()
    user.end()


def somebody_elses(path: Path) -> None:
    if os.getuid():
        pytest.skip("only root can make a directory that is somebody else's")
    path.mkdir(mode=0o700)
    os.chown(path, 65534, 65534)


def open_to_all(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


def a_link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir(mode=0o700)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("prepare", [somebody_elses, open_to_all, a_link])
def test_a_directory_for_sockets_that_somebody_else_has_laid_out_is_refused(
    folder: Path, tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    """Its name can be guessed: who makes it first could answer in the server's place."""
    prepare(tmp_path / f"carillon-{os.getuid()}")
    user = User(folder, TMPDIR=str(tmp_path))
    _, errors = user.process.communicate(timeout=20)
    assert user.process.returncode == 1
    assert "is not a directory that is yours alone" in errors
    assert "Remove it, or set TMPDIR" in errors
    assert not postmaster(folder)


def test_killed_it_is_started_again_by_the_first_that_connects(folder: Path) -> None:
    user, other = User(folder, USE_AGAIN), User(folder, USE_AGAIN)
    user.ready()
    other.ready()
    killed = postmaster(folder)
    assert killed
    killed.kill()
    eventually(lambda: postmaster(folder) is None)
    user.again()
    server = postmaster(folder)
    assert server
    assert server.pid != killed.pid
    other.again()
    assert postmaster(folder) == server, "it is the same for both"
    user.end()
    other.end()
    eventually(lambda: postmaster(folder) is None)


def test_the_threads_of_a_process_join_once(folder: Path) -> None:
    user = User(folder, USE_AGAIN)
    user.ready()
    user.end()
    eventually(lambda: postmaster(folder) is None)
