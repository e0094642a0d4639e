"""Sparrow: what it is sent, and what each of its answers means."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils.http import http_date
from pytest_django import Settings

from engagement.channels.sms import channel
from engagement.outgoing import DeliveryError, Sent
from engagement.sms import sparrow
from engagement.sms.sparrow import MEND, TOO_MANY
from tests.engagement.messages import outgoing
from tests.http import HttpServer, Reply, Request
from tests.services import free_port

NUMBER, TOKEN = "+9779812345678", "v2_s3cr3t+/t0k3n"
QUEUED = {"count": 1, "response_code": 200, "response": "1 mesages has been queued for delivery"}


@pytest.fixture
def company(settings: Settings) -> Iterator[HttpServer]:
    """A company like Sparrow, on this machine."""
    with HttpServer() as found:
        found.answer(200, QUEUED)
        settings.ENGAGEMENT_SMS_PROVIDER = "sparrow"
        settings.ENGAGEMENT_SPARROW_TOKEN = TOKEN
        settings.ENGAGEMENT_SPARROW_FROM = "Demo"
        settings.ENGAGEMENT_SPARROW_URL = f"{found.url}/v2/sms/"
        yield found


def send(text: str = "Kite was created", number: str = NUMBER) -> Sent:
    """Send a text as a turn does."""
    with channel.connect() as connection:
        return connection.send(outgoing(endpoint=number, title=text, message="", url=""))


def refusal() -> DeliveryError:
    """Send a text that is not taken; return why."""
    with pytest.raises(DeliveryError) as refused:
        send()
    for secret in (TOKEN, "v2_s3cr3t", NUMBER, "9812345678"):
        assert secret not in str(refused.value)
    return refused.value


def meaning(error: DeliveryError) -> dict[str, Any]:
    """Return what a refusal asks for."""
    names = ("permanent", "suppress", "retire", "retry_after", "slow", "pause", "unreachable")
    return {name: getattr(error, name) for name in names if getattr(error, name)}


def form(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.body.decode(), strict_parsing=True)


# What it is sent


def test_a_form_is_posted_with_the_ten_digits_of_nepal(company: HttpServer) -> None:
    sent = send("नमस्ते 🪁 & = + %\nKite")
    (request,) = company.requests
    assert (request.method, request.path) == ("POST", "/v2/sms/")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(request) == {
        "token": [TOKEN],
        "from": ["Demo"],
        "to": ["9812345678"],
        "text": ["नमस्ते 🪁 & = + %\nKite"],
    }
    assert sent.segments == 1
    assert sent.answer.startswith('200 OK: {"count": 1, "response_code": 200')


def test_a_number_of_another_country_is_not_sent_to_a_stranger_in_nepal(company: HttpServer) -> None:
    # Of Bhutan, with its code ten digits long, as are the numbers of Nepal.
    with pytest.raises(DeliveryError) as refused:
        send(number="+9752345678")
    assert meaning(refused.value) == {"permanent": True}
    assert not company.requests


@pytest.mark.parametrize("missing", ["TOKEN", "FROM"])
def test_it_is_not_configured_without_a_token_and_a_sender(
    company: HttpServer, settings: Settings, missing: str
) -> None:
    assert channel.configured()
    setattr(settings, f"ENGAGEMENT_SPARROW_{missing}", "")
    assert not channel.configured()


# What it answers

FOR_OPERATORS = {"pause": MEND}
FOR_GOOD = {"permanent": True}
NO_SUCH_NUMBER = {"permanent": True, "suppress": True}
FOR_NOW: dict[str, Any] = {}

CODES = [
    (1000, "A required field is missing", FOR_OPERATORS),
    (1001, "Invalid IP Address", FOR_OPERATORS),
    (1002, "Invalid Token", FOR_OPERATORS),
    (1003, "Account Inactive", FOR_OPERATORS),
    (1004, "Account Inactive", FOR_OPERATORS),
    (1005, "Account has been expired", FOR_OPERATORS),
    (1006, "Account has been expired", FOR_OPERATORS),
    (1007, "Invalid Receiver", NO_SUCH_NUMBER),
    (1008, "Invalid Sender", FOR_OPERATORS),
    (1009, "Something", FOR_NOW),
    (1010, "Text cannot be empty", FOR_GOOD),
    (1011, "No valid receiver", NO_SUCH_NUMBER),
    (1012, "No Credits Available", FOR_OPERATORS),
    (1013, "Insufficient Credits", FOR_OPERATORS),
    (1014, "Something new", FOR_NOW),
    (1014, "Receiver 9812345678 is blacklisted", NO_SUCH_NUMBER),
    (1014, "This number has opted out", NO_SUCH_NUMBER),
    (1014, "The recipient sent STOP", NO_SUCH_NUMBER),
    (1014, "Your IP is blacklisted", FOR_NOW),
    (1014, "You must stop it; the number of messages is too large", FOR_NOW),
]


@pytest.mark.parametrize(("code", "words", "wanted"), CODES)
@pytest.mark.parametrize("status", [403, 400])
def test_each_code_has_its_meaning_whatever_the_status(
    company: HttpServer, status: int, code: int, words: str, wanted: dict[str, Any]
) -> None:
    company.answer(status, {"response_code": code, "response": words})
    found = refusal()
    assert meaning(found) == wanted
    assert found.code == str(code)
    assert found.answer.startswith(f"{status} ")


def test_a_refusal_is_one_even_with_200(company: HttpServer) -> None:
    company.answer(200, {"response_code": "1002", "response": "Invalid Token"})
    assert meaning(refusal()) == FOR_OPERATORS


def test_nothing_queued_is_not_sent(company: HttpServer) -> None:
    company.answer(200, QUEUED | {"count": 0})
    assert meaning(refusal()) == FOR_NOW


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (301, FOR_OPERATORS),
        (302, FOR_OPERATORS),
        (307, FOR_OPERATORS),
        (400, FOR_NOW),
        (401, FOR_OPERATORS),
        (403, FOR_OPERATORS),
        (404, FOR_OPERATORS),
        (405, FOR_OPERATORS),
        (408, FOR_NOW),
        (413, FOR_NOW),
        (422, FOR_NOW),
        (429, {"pause": TOO_MANY}),
        (500, {"unreachable": True}),
        (502, {"unreachable": True}),
        (503, {"unreachable": True}),
        (599, {"unreachable": True}),
    ],
)
def test_without_a_code_the_status_counts_and_nothing_is_for_good(
    company: HttpServer, status: int, wanted: dict[str, Any]
) -> None:
    company.answer(status, "<html>Sorry</html>", headers={"Location": f"{company.url}/elsewhere/"})
    found = refusal()
    assert meaning(found) == wanted
    assert found.code == str(status)
    assert len(company.requests) == 1, "no redirect is followed"


@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_it_is_asked_to(company: HttpServer, status: int) -> None:
    company.answer(status, headers={"Retry-After": "120"})
    assert refusal().pause == 120
    moment = datetime.now(UTC) + timedelta(minutes=5)
    company.answer(status, headers={"Retry-After": http_date(moment.timestamp())})
    assert refusal().pause == pytest.approx(300, abs=10)
    company.answer(429, headers={"Retry-After": "soon"})
    assert refusal().pause == TOO_MANY


# What makes no sense


@pytest.mark.parametrize(
    "body",
    [
        "",
        "OK",
        "{",
        "[]",
        "null",
        '"1002"',
        "[" * 50_000,
        b"\xff\xfe\x00",
        '{"response_code": 1e999}',
        '{"response_code": ' + "9" * 5_000 + "}",
        '{"response_code": {"1007": 1}}',
        '{"response_code": true, "count": false}',
        "<html>" + "x" * 100_000,
    ],
    ids=lambda body: str(body[:24]),
)
def test_200_is_a_success_whatever_else_is_said(company: HttpServer, body: Any) -> None:
    company.answer(200, body)
    sent = send()
    assert sent.answer.startswith("200")
    assert len(sent.answer) <= 500
    assert sent.answer.isprintable()
    assert len(company.requests) == 1


def test_100_mb_are_not_read(company: HttpServer) -> None:
    company.answer(200, b"x" * 1_000_000, times=100)
    started = time.monotonic()
    assert send().answer.startswith("200")
    assert time.monotonic() - started < 5


def test_an_answer_that_breaks_off_after_200_is_a_success(company: HttpServer) -> None:
    company.answer(200, QUEUED, cut=60)
    assert send().answer.startswith("200")


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200", b"SSH-2.0-OpenSSH_9.6\r\n", b"\0" * 1_000])
def test_what_is_no_answer_is_tried_again_and_stops_the_others_for_the_moment(
    company: HttpServer, raw: bytes
) -> None:
    company.answer(raw=raw)
    found = refusal()
    assert meaning(found) == {"unreachable": True}
    assert found.code == "connection"


def test_so_is_a_company_that_is_not_there(company: HttpServer, settings: Settings) -> None:
    settings.ENGAGEMENT_SPARROW_URL = f"http://127.0.0.1:{free_port()}/"
    assert meaning(refusal()) == {"unreachable": True}


def test_so_is_one_that_takes_too_long(company: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparrow, "SECONDS", 0.2)
    company.answer(200, QUEUED, delay=60)
    found = refusal()
    assert (found.code, meaning(found)) == ("timeout", {"unreachable": True})


@pytest.mark.parametrize("url", ["api.sparrowsms.com/v2/sms/", "ftp://sparrow.example/", "http://"])
def test_an_address_that_an_operator_has_mistyped_is_for_them_to_mend(
    company: HttpServer, settings: Settings, url: str
) -> None:
    settings.ENGAGEMENT_SPARROW_URL = url
    assert meaning(refusal()) == FOR_OPERATORS


# What must not be told


@pytest.mark.parametrize("status", [200, 403, 500])
def test_what_it_repeats_of_the_number_and_the_token_is_masked(company: HttpServer, status: int) -> None:
    def repeat(request: Request) -> Reply:
        given = {name: value[0] for name, value in form(request).items()}
        body = f"{NUMBER} +977 981-234 5678 {given['to']} {given['token']} {request.body.decode()}"
        return Reply(status, body)

    company.answer_by(repeat)
    said = send().answer if status == 200 else refusal().answer
    assert "981" not in said
    assert "s3cr3t" not in said
    assert "+977 98…" in said
    assert "***" in said


def test_the_token_is_not_in_the_address(company: HttpServer) -> None:
    send()
    assert "s3cr3t" not in company.requests[0].path
    assert "s3cr3t" not in repr(company.requests[0].headers)
