"""An SMTP server of the run, in a process of its own: its Python is not to compete with ours for one interpreter."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.ports import free_port, wait_for
from bench.processes import python, running


@dataclass(frozen=True, slots=True)
class Taken:
    """What a server has taken since it began."""

    mails: int
    bytes: int
    #: By which there came at least one mail.
    connections: int

    def __sub__(self, before: "Taken") -> "Taken":
        """Return what has come since."""
        return Taken(
            self.mails - before.mails, self.bytes - before.bytes, self.connections - before.connections
        )


class SmtpServer:
    """What those who use it need to know of it."""

    def __init__(self, port: int, arrivals: int) -> None:
        self._port = port
        #: The port at which it tells when a mail has come.
        self.arrivals = arrivals

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process of ours plan mails, and send them here."""
        return {"DJANGO_SETTINGS_MODULE": "bench.settings_channels", "BENCH_SMTP_PORT": str(self._port)}

    def taken(self) -> Taken:
        """Ask it."""
        with smtplib.SMTP("127.0.0.1", self._port) as client:
            said = client.help().decode()
        return Taken(**{name: int(count) for name, count in (each.split("=") for each in said.split())})


@contextmanager
def smtp_server(delay: float = 0.0) -> Iterator[SmtpServer]:
    """Give a server that thinks for `delay` seconds about each mail."""
    port, telling = free_port(), free_port()
    with running(python("bench.smtp_program", port, delay, telling)):
        wait_for(port, "The SMTP server")
        yield SmtpServer(port, telling)
