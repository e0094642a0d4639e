"""What every channel that speaks HTTP must do, the one of the documentation included; mails have tests of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from engagement.channels.base import Connection, DeliveryError, Outbound, Sent, Stored
from engagement.outgoing import Outgoing
from tests.engagement.channels.subjects import BLOCK, SUBJECTS, Subject, nowhere
from tests.http import HttpServer
from tests.newcomer import ROOT, Newcomer


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Somebody at the far end."""
    with HttpServer() as found:
        yield found


@pytest.fixture(params=SUBJECTS)
def subject(
    request: pytest.FixtureRequest, server: HttpServer, settings: Settings, tmp_path: Path
) -> Subject:
    """Return a channel that is set up to talk to the server."""
    found = SUBJECTS[request.param](tmp_path)
    found.set_up(settings, server.url)
    server.answer(200, found.body)
    return found


def send(subject: Subject, message: Outgoing) -> Sent:
    """Send a message in a turn of its own."""
    with subject.channel.connect() as turn:
        assert isinstance(turn, Connection)
        return turn.send(message)


def refused(subject: Subject, message: Outgoing) -> DeliveryError:
    """Send what will not be taken, and return why."""
    with pytest.raises(DeliveryError) as found:
        send(subject, message)
    assert found.value.answer
    assert found.value.code
    return found.value


def is_for_now(error: DeliveryError) -> bool:
    """Tell whether it will be tried again, and the endpoint be used."""
    return not (error.permanent or error.suppress or error.retire)


def test_it_is_a_channel_that_is_configured(subject: Subject) -> None:
    channel = subject.channel
    assert isinstance(channel, Outbound)
    assert channel.configured() is True
    assert channel.name == channel.name.lower()
    assert len(channel.name) <= 20
    assert str(channel.label)
    assert channel.threads >= 1


def test_what_is_taken_is_sent_by_one_request(subject: Subject, server: HttpServer) -> None:
    sent = send(subject, subject.message(server.url))
    assert sent.answer
    assert len(server.requests) == 1


def test_several_messages_can_be_sent_in_a_turn(subject: Subject, server: HttpServer) -> None:
    with subject.channel.connect() as turn:
        for number in range(3):
            turn.send(subject.message(server.url, message_id=f"msg_{number}"))
    assert len(server.requests) == 3


def test_a_turn_without_messages_talks_to_nobody(subject: Subject, server: HttpServer) -> None:
    with subject.channel.connect():
        pass
    assert server.connections == 0


@pytest.mark.parametrize("status", [301, 302, 307, 500, 502, 503])
def test_what_may_be_mended_is_for_now_and_tried_once(
    subject: Subject, server: HttpServer, status: int
) -> None:
    server.answer(status, "No.", headers={"Location": "/elsewhere"})
    assert is_for_now(refused(subject, subject.message(server.url)))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "how",
    [{"cut": 0}, {"cut": 5}, {"raw": b"Who is there?\r\n\r\n"}, {"raw": b"\xff" * 300}],
    ids=["hangs up", "breaks off", "speaks otherwise", "sends garbage"],
)
def test_what_is_no_answer_is_for_now(subject: Subject, server: HttpServer, how: dict[str, Any]) -> None:
    server.answer(200, b"ok", **how)
    assert is_for_now(refused(subject, subject.message(server.url)))


def test_nobody_there_is_for_now(subject: Subject, settings: Settings) -> None:
    url = nowhere()
    subject.set_up(settings, url)
    assert is_for_now(refused(subject, subject.message(url)))


def test_who_is_asked_to_wait_waits(subject: Subject, server: HttpServer) -> None:
    server.answer(429, "Slow down.", headers={"Retry-After": "120"})
    error = refused(subject, subject.message(server.url))
    assert is_for_now(error)
    assert 120 in (error.retry_after, error.pause)


def test_an_answer_of_a_hundred_megabytes_is_not_read_to_its_end(
    subject: Subject, server: HttpServer
) -> None:
    server.answer(500, b"x" * 1_000_000, times=100)
    assert len(refused(subject, subject.message(server.url)).answer) < 2_000


@pytest.mark.parametrize(
    "text",
    ["", "\0", "\ud800", "\r\nX-Injected: yes", "🎉" * 5_000, "x" * 10_000, "\u202eevil", '"}],{'],
    ids=["nothing", "NUL", "surrogate", "header", "emoji", "long", "direction", "json"],
)
def test_hostile_texts_are_sent_or_refused_but_break_nothing(
    subject: Subject, server: HttpServer, text: str
) -> None:
    fields = dict.fromkeys(("title", "message", "reason", "person"), text)
    try:
        send(subject, subject.message(server.url, **fields))
    except DeliveryError as error:
        assert error.permanent, "it would be tried again and again"  # noqa: PT017
    for request in server.requests:
        assert "x-injected" not in request.headers


def test_the_documented_channel_does_not_show_what_lets_anybody_post(tmp_path: Path) -> None:
    channel = SUBJECTS["documented"](tmp_path).channel
    assert isinstance(channel, Stored)
    assert channel.shown("https://hooks.slack.com/services/T0/B0/s3cr3t0123456789") == "…6789"


def test_the_documented_channel_is_found_as_a_file_and_needs_no_migration(tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path)
    (text,) = BLOCK.findall((ROOT / "docs/channels.md").read_text())
    (tmp_path / "capabilities/people/channels.py").write_text(text)
    newcomer.manage("makemigrations --check --dry-run")
    newcomer.manage("check --fail-level WARNING")
    look = "from engagement.channels import channels; print(*channels())"
    assert newcomer.manage(f'shell -v 0 -c "{look}"').split() == [
        *("app", "email", "push", "slack", "sms", "webhook")
    ]
