"""Mails by django-anymail: its own code against an API on this machine, of which the answers are ours."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

from engagement.channels.base import DeliveryError, Outgoing, Sent
from engagement.channels.email import channel
from tests.engagement.messages import BASE_URL, CREATED, outgoing
from tests.services import free_port

TOKEN = "a-secret-server-token"
BACKEND = "anymail.backends.postmark.EmailBackend"
POSTAL = "anymail.backends.postal.EmailBackend"
INACTIVE = (
    "You tried to send to a recipient that has been marked as inactive.\nFound inactive addresses: {}.\n"
)


@dataclass
class Api:
    """What the provider's API is asked, and what it shall answer."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    #: So many seconds it thinks about each message.
    delay: float = 0.0

    def answer(self, asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        """Take a message, or what the test wants."""
        self.asked.append(asked)
        time.sleep(self.delay)
        taken = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a", "To": asked.get("To", "")}
        return self.status, self.headers, json.dumps(taken if self.body is None else self.body).encode()


@pytest.fixture
def api(settings: Settings) -> Iterator[Api]:
    """Run an API that speaks as Postmark does, and let mails be sent by it."""
    found = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, body = found.answer(asked)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        use(settings, server.server_port)
        yield found
        server.shutdown()
        thread.join()


def use(settings: Settings, port: int) -> None:
    """Let mails be sent by an API at this port."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    settings.EMAIL_BACKEND = BACKEND
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": TOKEN, "POSTMARK_API_URL": f"http://127.0.0.1:{port}/"}


def send(message: Outgoing | None = None) -> Sent:
    """Send one message, in a turn of its own."""
    with channel.connect() as turn:
        return turn.send(message or outgoing())


def refused(message: Outgoing | None = None) -> DeliveryError:
    """Send a message that will be refused, and return with what."""
    with pytest.raises(DeliveryError) as found:
        send(message)
    return found.value


def test_what_the_provider_calls_a_mail_is_kept(api: Api) -> None:
    assert send() == Sent(f"sent by {BACKEND}", "b7bc2f4a")


def test_the_provider_gets_headers_and_what_it_shall_tell_us_again(api: Api) -> None:
    send(CREATED)
    (asked,) = api.asked
    assert asked["Metadata"] == {"message_id": CREATED.message_id}
    assert asked["Tag"] == CREATED.event_type
    assert asked["Subject"] == "Kite was created"
    headers = {each["Name"]: each["Value"] for each in asked["Headers"]}
    assert headers["Message-ID"] == CREATED.message_id
    assert headers["List-Unsubscribe"] == f"<{CREATED.unsubscribe_url}>"
    assert all(value.isascii() for value in headers.values())


def test_names_reach_the_provider_as_people_write_them(api: Api) -> None:
    send(outgoing(person="Zoë <eve@evil.example>", title="Käse =?x?", reason_for_machines="weil\r\nZoë"))
    (asked,) = api.asked
    assert "alice@kiteworks.example" in asked["To"]
    assert "eve" not in asked["To"].rpartition("<")[2]
    assert asked["Subject"].replace("\u2060", "") == "Käse =?x?"
    reason = next(each["Value"] for each in asked["Headers"] if each["Name"] == "X-Notification-Reason")
    assert reason.isascii()
    assert "\n" not in reason


def test_a_mail_that_may_be_late_is_taken(api: Api) -> None:
    message = "Message accepted, but delivery may be delayed."
    api.body = {"ErrorCode": 0, "Message": message, "MessageID": "1", "To": CREATED.endpoint}
    assert send() == Sent(f"queued by {BACKEND}", "1")


def test_who_is_on_the_providers_list_gets_nothing_and_is_not_put_on_ours(api: Api) -> None:
    inactive = INACTIVE.format(CREATED.endpoint) + "Inactive recipients are ones that have bounced."
    api.status, api.body = 422, {"ErrorCode": 406, "Message": inactive}
    error = refused()
    assert (error.permanent, error.suppress) == (True, False)
    assert error.answer.startswith(f"rejected by {BACKEND}: ")
    assert "marked as inactive" in error.answer


def test_an_address_that_the_provider_calls_invalid_is_not_used_again(api: Api) -> None:
    api.status = 422
    api.body = {"ErrorCode": 300, "Message": f"Invalid 'To' address: '{CREATED.endpoint}'."}
    error = refused()
    assert (error.permanent, error.suppress) == (True, True)


def test_a_refusal_that_the_project_ignores_is_one_all_the_same(api: Api, settings: Settings) -> None:
    settings.ANYMAIL = settings.ANYMAIL | {"IGNORE_RECIPIENT_STATUS": True}
    inactive = INACTIVE.format(CREATED.endpoint) + "Inactive recipients are ones that have bounced."
    api.status, api.body = 422, {"ErrorCode": 406, "Message": inactive}
    assert refused().permanent


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (400, True),
        (401, False),
        (402, False),
        (403, False),
        (404, False),
        (408, False),
        (413, True),
        (422, True),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_what_an_api_says(api: Api, status: int, permanent: bool) -> None:
    api.status, api.body = status, {"ErrorCode": 1, "Message": f"No, since your token is {TOKEN}"}
    error = refused()
    assert (error.permanent, error.suppress, error.retry_after) == (permanent, False, None)
    assert str(status) in error.answer
    assert "No, since your token is ***" in error.answer


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("9" * 30, 86_400), ("soon", None), ("-5", None), ("", None)],
)
def test_a_provider_may_ask_us_to_wait(api: Api, value: str, seconds: float | None) -> None:
    api.status, api.headers, api.body = 429, {"Retry-After": value}, {"Message": "Slower"}
    assert refused().retry_after == seconds


@pytest.mark.parametrize(("minutes", "least", "most"), [(10, 590, 600), (-10, 0, 0)])
def test_a_provider_may_name_a_date(api: Api, minutes: int, least: float, most: float) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    api.status, api.headers, api.body = 503, {"Retry-After": moment}, {"Message": "Later"}
    found = refused().retry_after
    assert found is not None
    assert least <= found <= most


def test_an_api_that_is_not_there_is_for_now(settings: Settings) -> None:
    use(settings, free_port())
    error = refused()
    assert (error.permanent, error.suppress) == (False, False)
    assert TOKEN not in error.answer


def test_an_api_that_thinks_for_too_long_is_for_now(api: Api, settings: Settings) -> None:
    settings.EVENTS_LEASE_SECONDS = 2
    api.delay = 1.2
    started = time.monotonic()
    error = refused()
    assert time.monotonic() - started < 1
    assert (error.permanent, error.suppress, len(api.asked)) == (False, False, 1)


def test_a_sender_that_is_no_address_is_for_the_operator_to_mend(api: Api, settings: Settings) -> None:
    settings.ENGAGEMENT_FROM_EMAIL = "carillon"
    assert not refused().permanent


def use_postal(settings: Settings, **options: Any) -> None:
    """Let mails be sent as Postal's API wants them, which has no metadata."""
    where = settings.ANYMAIL["POSTMARK_API_URL"]
    settings.EMAIL_BACKEND = POSTAL
    settings.ANYMAIL = {"POSTAL_API_KEY": TOKEN, "POSTAL_API_URL": where} | options


def test_what_a_provider_has_no_place_for_is_left_out(api: Api, settings: Settings) -> None:
    use_postal(settings)
    api.body = {"status": "success", "data": {"messages": {CREATED.endpoint: {"id": 77, "token": "x"}}}}
    assert send(CREATED) == Sent(f"queued by {POSTAL}", "77")
    (asked,) = api.asked
    assert asked["to"] == ["Alice Arden <alice@kiteworks.example>"]
    assert asked["headers"]["Message-ID"] == CREATED.message_id
    assert "tag" not in asked


def test_a_project_that_ignores_it_keeps_what_there_is_a_place_for(api: Api, settings: Settings) -> None:
    use_postal(settings, IGNORE_UNSUPPORTED_FEATURES=True)
    api.body = {"status": "success", "data": {"messages": {CREATED.endpoint: {"id": 77, "token": "x"}}}}
    send(CREATED)
    assert [each["tag"] for each in api.asked] == [CREATED.event_type]


def test_what_the_project_itself_wants_of_a_provider_in_vain_is_for_it_to_mend(
    api: Api, settings: Settings
) -> None:
    use_postal(settings, SEND_DEFAULTS={"track_opens": True})
    with pytest.raises(pytest.importorskip("anymail.exceptions").AnymailUnsupportedFeature):
        send()
    assert not api.asked


def test_many_mails_share_one_session(api: Api) -> None:
    with channel.connect() as turn:
        for _ in range(3):
            turn.send(outgoing())
    assert len(api.asked) == 3
