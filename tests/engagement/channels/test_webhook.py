"""Webhooks reach a real server, signed, and what it answers is what becomes of them."""

import re
import runpy
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings
from standardwebhooks import Webhook

import engagement
from engagement.channels.base import Connection, DeliveryError, Outgoing, Sent
from engagement.channels.webhook import channel
from engagement.webhook import is_secret, new_secret
from tests.engagement.messages import BASE_URL, outgoing
from tests.http import HttpServer, Reply
from tests.polling import eventually
from tests.services import free_port

SECRET = new_secret()
DOCUMENTATION = Path(engagement.__file__).parents[1] / "docs" / "webhooks.md"


@pytest.fixture
def server(settings: Settings) -> Iterator[HttpServer]:
    """Run a receiver at an address that an operator permits."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    with HttpServer() as made:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = [made.authority]
        yield made


def to(server: HttpServer, **fields: Any) -> Outgoing:
    """Return a message for the server."""
    return outgoing(**{"endpoint": f"{server.url}/hook", "message_id": "msg_1", "secrets": [SECRET]} | fields)


def send(message: Outgoing) -> Sent:
    """Send a message in a turn of its own."""
    with channel.connect() as turn:
        return turn.send(message)


def refused(message: Outgoing) -> DeliveryError:
    """Send a message that will not be taken, and return why."""
    with pytest.raises(DeliveryError) as found:
        send(message)
    return found.value


def verdict(error: DeliveryError) -> dict[str, Any]:
    """Return what follows from an error."""
    names = ("permanent", "retire", "suppress", "retry_after", "slow", "pause", "unreachable")
    return {name: value for name in names if (value := getattr(error, name))}


def test_a_notification_arrives_signed(server: HttpServer) -> None:
    server.answer(202, "thank you")
    assert send(to(server)) == Sent("202 Accepted")
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/hook")
    found = Webhook(SECRET).verify(request.body, dict(request.headers))
    assert (found["id"], found["data"]["title"]) == ("msg_1", "Kite was created")
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["user-agent"] == f"Carillon/{engagement.__version__}"
    assert request.headers["webhook-id"] == "msg_1"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 10


def test_while_secrets_are_changed_each_of_them_verifies(server: HttpServer) -> None:
    newer = new_secret()
    send(to(server, secrets=[newer, SECRET]))
    (request,) = server.requests
    for secret in (newer, SECRET):
        Webhook(secret).verify(request.body, dict(request.headers))


def test_every_attempt_has_the_same_id_and_a_moment_of_its_own(server: HttpServer) -> None:
    with channel.connect() as turn:
        turn.send(to(server))
        start = int(time.time())
        eventually(lambda: time.time() >= start + 1, what="the next second has begun")
        turn.send(to(server))
    first, second = server.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert first.body == second.body


def test_without_a_secret_nothing_is_sent(server: HttpServer) -> None:
    error = refused(to(server, secrets=[]))
    assert (error.code, verdict(error)) == ("no secret", {})
    assert server.connections == 0


def test_a_long_notification_arrives_shortened(server: HttpServer) -> None:
    send(to(server, message="x" * 100_000))
    (request,) = server.requests
    assert len(request.body) < 20_000
    assert request.json["data"]["message"].endswith("x…")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_whoever_says_2xx_has_taken_it(server: HttpServer, status: int) -> None:
    server.answer(status)
    assert send(to(server)).answer.startswith(str(status))


@pytest.mark.parametrize("reply", [Reply(200, "x" * 1_000_000, times=100), Reply(200, "x" * 100, cut=70)])
def test_whoever_has_said_2xx_may_say_what_they_like(server: HttpServer, reply: Reply) -> None:
    server.answer_by(lambda request: reply)
    assert send(to(server)) == Sent("200 OK")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (301, {"Location": "https://example.com/"}, {}),
        (304, {}, {}),
        (307, {"Location": "http://127.0.0.1/"}, {}),
        (400, {}, {}),
        (401, {}, {}),
        (404, {}, {}),
        (404, {"Retry-After": "120"}, {}),
        (410, {}, {"permanent": True, "retire": True}),
        (410, {"Retry-After": "120"}, {"permanent": True, "retire": True}),
        (429, {}, {"slow": 60.0}),
        (429, {"Retry-After": "120"}, {"slow": 120.0, "retry_after": 120.0}),
        (429, {"Retry-After": "0"}, {"slow": 10.0, "retry_after": 10.0}),
        (429, {"Retry-After": "soon"}, {"slow": 60.0}),
        (429, {"Retry-After": "999999"}, {"slow": 86_400.0, "retry_after": 86_400.0}),
        (500, {}, {}),
        (502, {}, {"slow": 60.0}),
        (502, {"Retry-After": "30"}, {"slow": 30.0, "retry_after": 30.0}),
        (503, {}, {}),
        (503, {"Retry-After": "120"}, {"slow": 120.0, "retry_after": 120.0}),
        (504, {}, {"slow": 60.0}),
        (599, {}, {}),
    ],
)
def test_what_an_answer_means(
    server: HttpServer, status: int, headers: dict[str, str], expected: dict[str, Any]
) -> None:
    server.answer(status, headers=headers)
    error = refused(to(server))
    assert (error.code, verdict(error)) == (str(status), expected)
    assert len(server.requests) == 1


def test_a_receiver_as_the_documentation_has_it_takes_each_notification_once(
    server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARILLON_SECRET", SECRET)
    code, *_ = re.findall("```python\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    (tmp_path / "receiver.py").write_text(code)
    receiver = runpy.run_path(str(tmp_path / "receiver.py"))
    server.answer_by(lambda request: Reply(receiver["receive"](request.body, request.headers)))
    for _ in range(2):
        assert send(to(server)) == Sent("204 No Content")
    assert receiver["seen"] == {"msg_1"}
    assert refused(to(server, secrets=[new_secret()])).code == "401"


def test_whoever_names_a_moment_is_left_alone_until_then(server: HttpServer) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=5)
    server.answer(429, headers={"Retry-After": format_datetime(moment, usegmt=True)})
    error = refused(to(server))
    assert error.retry_after == pytest.approx(300, abs=5)
    assert error.slow == error.retry_after


def test_the_answer_is_kept_in_one_printable_line(server: HttpServer) -> None:
    server.answer(500, b"Oh\r\n\x1b[31mno \xff" + b"x" * 10_000)
    error = refused(to(server))
    assert error.answer.startswith("500 Internal Server Error: Oh [31mno \ufffdxxx")
    assert len(error.answer) <= 530
    assert error.answer.isprintable()


@pytest.mark.parametrize("reply", [Reply(cut=0), Reply(cut=12), Reply(raw=b"garbage\r\n\r\n")])
def test_an_endpoint_that_is_no_server_is_left_alone_for_a_while(server: HttpServer, reply: Reply) -> None:
    server.answer_by(lambda request: reply)
    error = refused(to(server))
    assert (error.code, verdict(error)) == ("connection", {"slow": 30.0})


def test_an_endpoint_at_which_nobody_is_is_left_alone_for_a_while(settings: Settings) -> None:
    port = free_port()
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{port}"]
    error = refused(outgoing(endpoint=f"http://127.0.0.1:{port}/", secrets=[SECRET]))
    assert (error.code, verdict(error)) == ("connection", {"slow": 30.0})


def test_an_endpoint_that_says_nothing_is_left_alone_for_a_while(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engagement.channels.webhook.SECONDS", 0.3)
    server.answer(drip=0.1)
    error = refused(to(server))
    assert (error.code, verdict(error)) == ("timeout", {"slow": 30.0})


def test_an_endpoint_that_only_we_can_reach_is_refused_for_good(settings: Settings) -> None:
    with HttpServer() as private:
        error = refused(outgoing(endpoint=f"https://{private.authority}/", secrets=[SECRET]))
        assert (error.code, verdict(error)) == ("refused address", {"permanent": True})
        assert private.connections == 0


def test_a_redirect_to_where_only_we_can_get_is_not_followed(server: HttpServer) -> None:
    with HttpServer() as private:
        server.answer(302, headers={"Location": private.url})
        assert refused(to(server)).code == "302"
        assert private.connections == 0


def test_one_endpoint_does_not_disturb_the_next(server: HttpServer) -> None:
    server.answer(500, path="/broken")
    with channel.connect() as turn:
        assert isinstance(turn, Connection)
        with pytest.raises(DeliveryError):
            turn.send(to(server, endpoint=f"{server.url}/broken"))
        assert turn.send(to(server)) == Sent("200 OK")


def test_an_address_is_stored_in_one_form_or_refused_with_a_sentence() -> None:
    assert channel.clean(" HTTPS://Example.com:443/hook \n") == "https://example.com/hook"
    with pytest.raises(ValidationError, match=r"127\.0\.0\.1 is a loopback address"):
        channel.clean("https://127.0.0.1/")
    with pytest.raises(ValidationError, match="https://"):
        channel.clean("example.com")


def test_the_channel_needs_an_address_for_links_and_can_be_switched_off(settings: Settings) -> None:
    assert not channel.configured()
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    assert channel.configured()
    settings.ENGAGEMENT_WEBHOOKS = False
    assert not channel.configured()


def test_a_webhook_is_signed_and_heard_by_nobody() -> None:
    assert (channel.is_signed, channel.is_heard, channel.can_wait, channel.is_verified) == (
        True,
        False,
        False,
        False,
    )
    assert is_secret(SECRET)
    assert channel.message_id("0f1e") == "msg_0f1e"


def test_a_webhook_is_tried_for_three_days_with_longer_and_longer_pauses() -> None:
    assert list(channel.retries) == sorted(channel.retries)
    assert (len(channel.retries), channel.retries[0]) == (9, 5)
    assert timedelta(days=3) < timedelta(seconds=sum(channel.retries)) < timedelta(days=4)
