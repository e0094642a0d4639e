"""M7: from a publisher's commit to the row in the inbox, while a slow server has many mails still to take."""

import time
from dataclasses import dataclass

from bench import database
from bench.app.events import Addressed
from bench.m2_fan_out import inbox
from bench.m5_latency.latency import Latency
from bench.processes import answer, manage, python, running
from bench.progress import repetitions, say
from bench.report import Line, at_most, compared, milliseconds
from bench.smtp_server import SmtpServer, smtp_server
from events.bus import event_bus

TITLE = "latency beside a slow mail server, all lanes: publish's commit to inbox row"
SECONDS_PER_MAIL = 1.0
MAILS = 500
#: How long to wait for the first mail, in seconds.
LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    repetitions: int
    events: int


FULL, QUICK = Size(3, 200), Size(1, 40)


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M7."""
    size = QUICK if quick else FULL
    idle, busy = [], []
    with smtp_server(SECONDS_PER_MAIL) as server:
        for _ in repetitions("latency", size.repetitions):
            database.clear()
            with running(manage("worker"), **server.environment):
                idle.append(_latency(size.events))
                _let_mails_wait(server)
                busy.append(_latency(size.events))
                _check()
            say(f"no mails: {idle[-1]}; {MAILS} mails: {busy[-1]}")
    return _lines(idle, busy)


def _latency(events: int) -> Latency:
    """Ring as M5 does."""
    with database.telling():
        taken = answer([*python("bench.m5_latency.carillon_ring"), events], BENCH_DSN=database.dsn())
    assert len(taken) == events
    return Latency.of(taken)


def _let_mails_wait(server: SmtpServer) -> None:
    """Tell so many people of an event, each by mail as well; return when the server has begun."""
    there, taken = database.count(database.INBOX), server.taken().mails
    event_bus.publish(Addressed(people=MAILS))
    inbox.wait_for(there + MAILS)
    deadline = time.monotonic() + LONGEST
    while server.taken().mails == taken:
        if time.monotonic() > deadline:
            raise TimeoutError(f"No mail has come within {LONGEST:.0f} s.")
        time.sleep(0.1)


def _check() -> None:
    """Make sure that mails waited all the time: two workers send two in a second."""
    waiting = database.count("engagement_delivery WHERE sent_at IS NULL")
    assert waiting > MAILS / 2, f"Only {waiting} of {MAILS} mails waited in the end."


def _lines(idle: list[Latency], busy: list[Latency]) -> list[Line]:
    goal = at_most(1.5, "ratio <= 1.5")
    what, baseline = f"commit to row, {{}}, while {MAILS} mails wait, 1 s each", "no mails"
    p95 = [each.p95 for each in busy], [each.p95 for each in idle]
    p50 = [each.p50 for each in busy], [each.p50 for each in idle]
    return [
        compared(what.format("p95"), p95[0], baseline, p95[1], show=milliseconds, goal=goal),
        compared(what.format("p50"), p50[0], baseline, p50[1], show=milliseconds),
    ]
