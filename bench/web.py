"""The web process of a run, and what opens an inbox stream of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

import psutil
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model

from bench.ports import free_port, wait_for
from bench.processes import Running, python, running

#: What its database connections are called.
NAME = "bench-web"
OPEN = "GET /inbox/stream/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {name}={key}\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Web:
    """A web process that answers."""

    port: int
    process: Running

    def memory(self) -> float:
        """Return its resident memory, in MB."""
        return sum(each.memory_info().rss for each in self.process.tree()) / 2**20

    def threads(self) -> int:
        """Return how many threads it has."""
        return sum(psutil.Process(each.pid).num_threads() for each in self.process.tree())


@contextmanager
def web_server() -> Iterator[Web]:
    """Run uvicorn with the project's application."""
    port = free_port()
    command = python(
        "uvicorn", "project.asgi:application", "--port", port, "--lifespan", "off", "--log-level", "warning"
    )
    variables = {"DJANGO_SETTINGS_MODULE": "bench.settings_web", "PGAPPNAME": NAME}
    with running(command, **variables) as process:
        wait_for(port, "uvicorn")
        yield Web(port, process)


def request_of(person: int) -> bytes:
    """Log a person in; return the request that opens their stream."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    found = get_user_model()._default_manager.get(pk=person)
    store[SESSION_KEY] = str(found.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = found.get_session_auth_hash()
    store.create()
    return OPEN.format(name=settings.SESSION_COOKIE_NAME, key=store.session_key).encode()
