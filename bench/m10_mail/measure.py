"""M10: mails to a loopback SMTP server, beside the same by Django alone."""

from bench.m3_wording.measure import languages
from bench.m10_mail import WARMING, carillon
from bench.processes import answer, python
from bench.progress import repetitions, say
from bench.report import Line, at_least, compared, per_second
from bench.smtp_server import SmtpServer, Taken, smtp_server

TITLE = "mails to a loopback SMTP server, by two workers"
FULL, QUICK = (5, 1_000), (1, 400)


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M10."""
    count, mails = QUICK if quick else FULL
    ours, theirs = [], []
    with smtp_server() as server, languages():
        for _ in repetitions("mails", count):
            carillon.plan(WARMING + mails, server)
            before = server.taken()
            ours.append(carillon.send(mails, server))
            between = server.taken()
            theirs.append(_django(mails, server))
            _check(WARMING + mails, between - before, server.taken() - between)
            say(
                f"{mails / ours[-1][0]:,.0f}/s by {ours[-1][1]} connections, Django {mails / theirs[-1][0]:,.0f}/s"
            )
    return _lines(mails, ours, theirs)


def _django(mails: int, server: SmtpServer) -> tuple[float, int]:
    before = server.taken()
    seconds = answer(python("bench.m10_mail.django_messages", mails), **server.environment)
    return seconds, (server.taken() - before).connections


def _check(mails: int, ours: Taken, theirs: Taken) -> None:
    assert ours.mails == theirs.mails == mails, f"{ours.mails} and {theirs.mails} of {mails} mails arrived."
    assert ours.bytes == theirs.bytes, "The mails are not the same."


def _lines(mails: int, ours: list[tuple[float, int]], theirs: list[tuple[float, int]]) -> list[Line]:
    rates = [[mails / seconds for seconds, _connections in each] for each in (ours, theirs)]
    connections = [[connections for _seconds, connections in each] for each in (ours, theirs)]
    name = "Django's send_messages"
    return [
        compared(f"mails, {mails:,}", rates[0], name, rates[1], show=per_second, goal=at_least(0.7)),
        compared(
            "connections for them", connections[0], name, connections[1], show=lambda each: f"{each:.0f}"
        ),
    ]
