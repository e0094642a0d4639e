"""Ports of servers of the run."""

import socket
import time

from bench.processes import Failed

START_SECONDS = 15.0


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, name: str) -> None:
    """Return when a server listens; raise Failed if it does not begin to."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Failed(f"{name} did not start within {START_SECONDS:.0f} s.")
