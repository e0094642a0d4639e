"""Carillon: the delivery lane, with two workers, from the moment at which all mails are due."""

import time

from bench import database
from bench.app.events import Addressed
from bench.m2_fan_out import carillon
from bench.m10_mail import WARMING
from bench.processes import manage, running
from bench.smtp_server import SmtpServer
from events import queue
from events.sql import execute, fetch

LONGEST = 300.0
#: Seconds between two looks: each takes a slice of one of few processors.
PAUSE = 0.02
POSTPONE = "UPDATE engagement_delivery SET available_at = statement_timestamp() + interval '1 day'"
#: The first so many, as the event had them.
DUE = """
    UPDATE engagement_delivery SET available_at = statement_timestamp()
     WHERE id = ANY(ARRAY(SELECT id FROM engagement_delivery WHERE sent_at IS NULL ORDER BY id LIMIT %s))"""
#: One statement writes that a mail was sent, in its row and as an attempt.
RECORDED = "SELECT count(*) FROM engagement_deliveryattempt WHERE succeeded"


def plan(mails: int, server: SmtpServer) -> None:
    """Have so many mails planned by one event, each to another person; none is due."""
    with carillon.workers(Addressed, **server.environment) as (_workers, fan_out):
        database.clear()
        fan_out(mails)
    execute(POSTPONE)
    execute("VACUUM ANALYZE engagement_delivery")


def send(mails: int, server: SmtpServer) -> tuple[float, int]:
    """Send so many of those that are planned, after others; return the seconds, and how many connections it took."""
    with running(manage("worker", "--lane", "delivery"), **server.environment):
        _send(WARMING)
        before = server.taken()
        seconds = _send(mails)
        return seconds, (server.taken() - before).connections


def _send(mails: int) -> float:
    recorded = _recorded() + mails
    execute(DUE, [mails])
    started = time.perf_counter()
    queue.wake("delivery")
    while _recorded() < recorded:
        if time.perf_counter() - started > LONGEST:
            raise TimeoutError(f"{_recorded()} of {recorded} mails after {LONGEST:.0f} s.")
        time.sleep(PAUSE)
    return time.perf_counter() - started


def _recorded() -> int:
    ((count,),) = fetch(RECORDED)
    return int(count)
