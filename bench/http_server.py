"""An HTTP server of the run, in a process of its own: its Python is not to compete with ours for one interpreter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.arrivals import HOST
from bench.ports import free_port, wait_for
from bench.processes import python, running


@dataclass(frozen=True, slots=True)
class HttpServer:
    """What those who use it need to know of it."""

    url: str
    #: The port at which it tells when something has come.
    arrivals: int


@contextmanager
def http_server(delay: float = 0.0) -> Iterator[HttpServer]:
    """Give a server that thinks for `delay` seconds about each request."""
    port, telling = free_port(), free_port()
    with running(python("bench.http_program", port, delay, telling)):
        wait_for(port, "The HTTP server")
        yield HttpServer(f"http://{HOST}:{port}", telling)
