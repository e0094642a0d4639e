"""The gateway is asked by one HTTP request for each device, and what it says is what follows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.outgoing import Sent
from engagement.push import gateway
from engagement.push.checks import check_provider
from engagement.push.gateway import Gateway, content_of
from tests.engagement.push.devices import FID, TOKEN, consequences, outgoing, refused
from tests.engagement.push.test_payload import ADDRESSES, TEXTS
from tests.http import HttpServer
from tests.services import free_port

PROVIDER = Gateway()
PERMANENT = {"permanent": True}


@pytest.fixture
def server(settings: Settings) -> Iterator[HttpServer]:
    """Have push notifications sent to a gateway of our own, which is on this machine."""
    with HttpServer() as found:
        settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = found.url
        yield found


def test_a_message_arrives_in_one_request(server: HttpServer) -> None:
    message = outgoing(
        thread="product_management.product:1",
        about="product_management.product:1",
        importance="high",
        not_after=datetime(2026, 11, 30, tzinfo=UTC),
    )
    assert PROVIDER.send(message) == Sent("200 OK")
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/notifications")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "msg_0f1e"
    assert request.json == {
        "device_id": TOKEN,
        "kind": "token",
        "title": "Kite was created",
        "message": message.message,
        "data": {
            "message_id": "msg_0f1e",
            "event_type": "product_management.product.created",
            "category": "product",
            "about": "product_management.product:1",
            "url": message.url,
            "why": message.why_url,
        },
        "event_type": "product_management.product.created",
        "message_id": "msg_0f1e",
        "priority": "high",
        "thread": "product_management.product:1",
        "not_after": "2026-11-30T00:00:00+00:00",
    }


def test_what_is_of_use_for_ever_says_so(server: HttpServer) -> None:
    PROVIDER.send(outgoing(endpoint=FID, kind="fid", thread=""))
    found = server.requests[0].json
    assert (found["not_after"], found["priority"], found["kind"], found["thread"]) == (
        None,
        "normal",
        "fid",
        "",
    )


@pytest.mark.parametrize("ending", ["/", "/push", "/push//"])
def test_the_address_may_have_a_path(server: HttpServer, settings: Settings, ending: str) -> None:
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL += ending
    PROVIDER.send(outgoing())
    assert server.requests[0].path == f"{ending.rstrip('/')}/notifications"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(server: HttpServer, status: int) -> None:
    server.answer(status)
    assert PROVIDER.send(outgoing()).answer.startswith(str(status))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": "abc"}, "abc"),
        ({"id": 17}, "17"),
        ({"id": "x" * 1_000}, "x" * 255),
        ({"id": None}, ""),
        ([], ""),
        ("taken", ""),
        (b"\xff", ""),
    ],
)
def test_the_id_that_the_gateway_gives_is_kept(server: HttpServer, body: object, expected: str) -> None:
    server.answer(201, body)
    assert PROVIDER.send(outgoing()).provider_id == expected


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (401, {}, {"pause": 600.0}),
        (403, {}, {"pause": 600.0}),
        (400, {}, PERMANENT),
        (404, {}, PERMANENT),
        (422, {}, PERMANENT),
        (410, {}, {"permanent": True, "retire": True}),
        (429, {}, {"pause": 60.0}),
        (429, {"Retry-After": "7"}, {"pause": 7.0}),
        (500, {}, {}),
        (503, {"Retry-After": "7"}, {"retry_after": 7.0}),
        (302, {"Location": "/elsewhere"}, {}),
    ],
)
def test_what_follows_from_an_error_in_one_request(
    server: HttpServer, status: int, headers: dict[str, str], expected: dict[str, object]
) -> None:
    server.answer(status, "No.", headers=headers)
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == (str(status), expected)
    assert error.answer.endswith(": No.")
    assert len(server.requests) == 1


def test_the_answer_does_not_have_the_id_of_the_device(server: HttpServer) -> None:
    server.answer(400, {"device_id": TOKEN})
    assert TOKEN not in refused(PROVIDER).answer
    server.answer(200, {"device_id": TOKEN})
    assert TOKEN not in PROVIDER.send(outgoing()).answer


def test_nobody_there_is_unreachable(settings: Settings) -> None:
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = f"http://127.0.0.1:{free_port()}"
    assert consequences(refused(PROVIDER)) == {"unreachable": True}


def test_a_name_that_nobody_has_is_unreachable(settings: Settings) -> None:
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = "http://gateway.invalid"
    assert consequences(refused(PROVIDER)) == {"unreachable": True}


def test_hanging_up_without_a_word_is_for_now(server: HttpServer) -> None:
    server.answer(raw=b"")
    assert consequences(refused(PROVIDER)) == {}
    assert len(server.requests) == 1


def test_saying_nothing_is_for_now(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "SECONDS", 0.2)
    server.answer(delay=30)
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("timeout", {})


def test_there_are_three_attempts_two_and_four_seconds_apart() -> None:
    assert PROVIDER.retries == (2.0, 4.0)


@given(title=TEXTS, message=TEXTS, url=ADDRESSES, thread=st.text(max_size=200))
def test_it_is_within_the_limit_and_valid(title: str, message: str, url: str, thread: str) -> None:
    content = content_of(outgoing(title=title, message=message, url=url, thread=thread))
    assert len(content) <= 4_096
    assert all(isinstance(value, str) for value in json.loads(content)["data"].values())


@pytest.mark.parametrize(
    "url",
    [
        "gateway.example",
        "ftp://gateway.example",
        "https://",
        "https://gateway.example?key=1",
        "https://u:p@g.example",
    ],
)
def test_an_address_that_is_none_is_an_error_at_start(url: str, settings: Settings) -> None:
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = url
    (error,) = check_provider()
    assert error.id == "engagement.E031"
    assert error.msg.startswith("ENGAGEMENT_NOTIFICATION_SERVICE_URL ")
    assert not PROVIDER.configured()


def test_a_gateway_that_was_chosen_needs_an_address(settings: Settings) -> None:
    settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
    (error,) = check_provider()
    assert error.msg == "ENGAGEMENT_NOTIFICATION_SERVICE_URL is empty."
