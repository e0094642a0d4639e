"""manage.py channel [pause CHANNEL --reason WHY [--minutes N] | resume CHANNEL]"""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime

from engagement import pauses
from engagement.channel_report import ChannelReport, reports
from engagement.channels import outbound
from engagement.models import ChannelPause


class Command(BaseCommand):
    """What operators see and do, without the admin."""

    help = "Say how each channel is doing that leaves the house; pause one, or resume it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done with which channel; nothing: list them."""
        actions = parser.add_subparsers(dest="action", metavar="{pause,resume}")
        pause = actions.add_parser(
            "pause", help="send nothing on a channel; what is owed waits, and is not lost"
        )
        pause.add_argument("channel")
        pause.add_argument("--reason", required=True, help="why; other operators read it")
        pause.add_argument("--minutes", type=float, help="for how long (default: until it is resumed)")
        resume = actions.add_parser("resume", help="send again on a channel, from now on")
        resume.add_argument("channel")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked for, or print how they are doing."""
        match options["action"]:
            case "pause":
                self._pause(_known(options["channel"]), options["reason"], options["minutes"])
            case "resume":
                self._resume(_known(options["channel"]))
            case _:
                for report in reports():
                    self.stdout.write("\n".join(_lines(report)))

    def _pause(self, channel: str, reason: str, minutes: float | None) -> None:
        if minutes is not None and not 0 < minutes <= pauses.MOST_MINUTES:
            raise CommandError(f"--minutes must be more than 0, and {pauses.MOST_MINUTES:,} at the most.")
        if not reason.strip():
            raise CommandError("Give a reason: other operators read it.")
        seconds = None if minutes is None else minutes * 60
        pauses.pause(channel, reason, seconds=seconds, by_hand=True)
        how_long = "until it is resumed" if minutes is None else f"for {minutes:g} minutes"
        self.stdout.write(f"Nothing is sent by {channel} {how_long}. What is owed waits, and is not lost.")

    def _resume(self, channel: str) -> None:
        was_paused = pauses.resume(channel)
        said = "Messages are sent by {} again." if was_paused else "{} was not paused."
        self.stdout.write(said.format(channel))


def _known(name: str) -> str:
    """Return the name of a channel; raise CommandError for what is none that leaves the house."""
    names = [each.name for each in outbound()]
    if name not in names:
        raise CommandError(
            f"There is no channel {name!r} that could be paused: there are {', '.join(names)}."
        )
    return name


def _lines(report: ChannelReport) -> Iterator[str]:
    """Yield what is said of one channel."""
    channel, messages = report.channel, report.messages
    provider = channel.provider_name()
    yield f"{channel.name}{f' ({provider})' if provider else ''}: {report.lacks or 'set up.'}"
    if report.pause:
        yield f"  Paused {_span(report.pause)}: {report.pause.reason}"
    yield (
        f"  Now: {messages.due} due, {messages.waiting} waiting for their time, {messages.running} on the way,"
        f" {messages.retrying} to be tried again, {messages.dead} dead"
    )
    yield from _attempts(report)
    yield from _endpoints(report)


def _span(pause: ChannelPause) -> str:
    until = _moment(pause.until) if pause.until else "it is resumed"
    return f"since {_moment(pause.since)} until {until}"


def _attempts(report: ChannelReport) -> Iterator[str]:
    lately, last = report.lately, report.lately.last_failure
    yield f"  Since {_moment(lately.since)}: {lately.sent:,} sent, {lately.failed:,} failed{_listed(lately.codes)}"
    if last:
        answer = last.answer.partition("\n")[0]
        yield f"  Last error: {_moment(last.at)}, #{last.delivery_id}: {answer}"


def _endpoints(report: ChannelReport) -> Iterator[str]:
    found = report.endpoints
    if found:
        yield (
            f"  Endpoints: {found.in_use} in use, {found.unverified} waiting to be verified, {found.retired} retired"
            f" within 7 days{_listed(found.reasons)}"
        )


def _listed(counts: list[tuple[str, int]]) -> str:
    """Return how many there were of each kind: " (421: 2, timeout: 1)"."""
    said = ", ".join(f"{kind or 'without a code'}: {number:,}" for kind, number in counts)
    return f" ({said})" if said else ""


def _moment(time: datetime) -> str:
    return f"{localtime(time):%Y-%m-%d %H:%M:%S %Z}"
