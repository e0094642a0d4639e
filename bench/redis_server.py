"""A Redis of our own on a free port, if there is one to run."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.processes import Failed, running

NOT_INSTALLED = "redis-server is not installed"


@contextmanager
def redis_server() -> Iterator[str | None]:
    """Run it in memory, as brokers usually are run in a comparison; give its URL, or None if it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port = _free_port()
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running([program, *options]):
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Failed("redis-server did not start within 10 s.")
