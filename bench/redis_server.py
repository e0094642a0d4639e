"""A Redis of our own on a free port, if there is one to run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from bench.ports import free_port, wait_for
from bench.processes import running

NOT_INSTALLED = "redis-server is not installed"


@contextmanager
def redis_server() -> Iterator[str | None]:
    """Run it in memory, as brokers usually are run in a comparison; give its URL, or None if it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port = free_port()
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running([program, *options]):
        wait_for(port, "redis-server")
        yield f"redis://127.0.0.1:{port}/0"
