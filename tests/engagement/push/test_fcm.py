"""Messages reach a real HTTP server by Google's own SDK, each in one request, and what it says is what follows."""

import json
import logging
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytest_django import Settings

from engagement.outgoing import Sent
from engagement.push import google
from engagement.push.fcm import Fcm
from tests.engagement.push.devices import FID, TOKEN, consequences, outgoing, refused
from tests.fcm import Answer, FcmServer, new_key, private_key, refusal
from tests.polling import eventually
from tests.services import free_port

PROVIDER = Fcm()
PERMANENT = {"permanent": True}
RETIRED = {"permanent": True, "retire": True}
PAUSED = {"pause": 600.0}
RESTS = {"retry_after": 600.0, "slow": 600.0}
BAD_TOKEN = "The registration token is not a valid FCM registration token"


def test_a_message_arrives_and_the_answer_is_its_name_at_google(fcm: FcmServer) -> None:
    message = outgoing(about="product_management.product:1")
    name = "projects/kites/messages/1"
    assert PROVIDER.send(message) == Sent(f"taken as {name}", name)
    (posted,) = fcm.posted
    assert posted.message["notification"] == {"title": message.title, "body": message.message}
    assert posted.message["data"] == {
        "message_id": "msg_0f1e",
        "event_type": message.event_type,
        "category": message.category,
        "about": "product_management.product:1",
        "url": message.url,
        "why": message.why_url,
    }


def test_a_device_is_addressed_by_its_token_or_by_its_installation_id(fcm: FcmServer) -> None:
    PROVIDER.send(outgoing(endpoint=TOKEN, kind="token"))
    PROVIDER.send(outgoing(endpoint=FID, kind="fid"))
    targets = [
        {name: each.message[name] for name in ("token", "fid") if name in each.message} for each in fcm.posted
    ]
    assert targets == [{"token": TOKEN}, {"fid": FID}]


def test_an_access_token_is_got_by_what_the_account_signs_and_serves_for_all_messages(fcm: FcmServer) -> None:
    for _ in range(3):
        PROVIDER.send(outgoing())
    (claims,) = fcm.claims
    assert claims["iss"] == fcm.account()["client_email"]
    assert "https://www.googleapis.com/auth/firebase" in claims["scope"].split()
    assert len({posted.headers["authorization"] for posted in fcm.posted}) == 1
    assert len({posted.port for posted in fcm.posted}) == 1


def test_an_access_token_that_is_about_to_run_out_is_replaced(fcm: FcmServer) -> None:
    fcm.lifetime = 10
    for _ in range(2):
        PROVIDER.send(outgoing())
    assert len({posted.headers["authorization"] for posted in fcm.posted}) == 2


@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        (refusal(404, "UNREGISTERED"), "UNREGISTERED", RETIRED),
        (refusal(403, "SENDER_ID_MISMATCH"), "SENDER_ID_MISMATCH", RETIRED),
        (refusal(400, "INVALID_ARGUMENT", BAD_TOKEN), "INVALID_ARGUMENT", RETIRED),
        (refusal(400, "INVALID_ARGUMENT", BAD_TOKEN, fields=("message.token",)), "INVALID_ARGUMENT", RETIRED),
        (refusal(400, "INVALID_ARGUMENT", fields=("message.token",)), "INVALID_ARGUMENT", RETIRED),
        (refusal(400, "INVALID_ARGUMENT", fields=("message.fid",)), "INVALID_ARGUMENT", RETIRED),
        (refusal(400, "INVALID_ARGUMENT", fields=("message.android.ttl",)), "INVALID_ARGUMENT", PERMANENT),
        (
            refusal(400, "INVALID_ARGUMENT", BAD_TOKEN, fields=("message.data",)),
            "INVALID_ARGUMENT",
            PERMANENT,
        ),
        (
            refusal(400, "INVALID_ARGUMENT", fields=("message.token", "message.data")),
            "INVALID_ARGUMENT",
            PERMANENT,
        ),
        (refusal(400, "INVALID_ARGUMENT", fields=("",)), "INVALID_ARGUMENT", PERMANENT),
        (refusal(400, "INVALID_ARGUMENT", "Message too big"), "INVALID_ARGUMENT", PERMANENT),
        (refusal(429, "QUOTA_EXCEEDED", Retry_After="90"), "QUOTA_EXCEEDED", {"pause": 90.0, "slow": 180.0}),
        (refusal(429, Retry_After="86400"), "RESOURCE_EXHAUSTED", {"pause": 3600.0, "slow": 7200.0}),
        (refusal(503, "UNAVAILABLE", Retry_After="7"), "UNAVAILABLE", {"retry_after": 7.0}),
        (refusal(503, "UNAVAILABLE", Retry_After="86400"), "UNAVAILABLE", {"retry_after": 3600.0}),
        (refusal(503, "UNAVAILABLE"), "UNAVAILABLE", {}),
        (refusal(500, "INTERNAL", Retry_After="7"), "INTERNAL", {"retry_after": 7.0}),
        (refusal(500, "INTERNAL"), "INTERNAL", {}),
        (refusal(401, "THIRD_PARTY_AUTH_ERROR"), "THIRD_PARTY_AUTH_ERROR", RESTS),
        (refusal(401, "APNS_AUTH_ERROR"), "APNS_AUTH_ERROR", RESTS),
        (refusal(401), "UNAUTHENTICATED", PAUSED),
        (refusal(403), "PERMISSION_DENIED", PAUSED),
        (refusal(404), "NOT_FOUND", {}),
        (Answer(502, b"<html>Bad gateway</html>"), "UNKNOWN", {}),
        (Answer(400, b"<html>Bad request</html>"), "INVALID_ARGUMENT", {}),
        (Answer(400, b'{"error": "no"}'), "garbage", {}),
        (Answer(400, b'{"error": {"details": null}}'), "garbage", {}),
        (Answer(400, b'{"error": {"details": ["x"]}}'), "garbage", {}),
        (Answer(503, b"\xff\xfe"), "garbage", {}),
        (Answer(200, b"taken"), "garbage", {}),
        (Answer(200, b"[]"), "garbage", {}),
        (Answer(200, b"{}"), "garbage", {}),
        (Answer(200, b'{"name": null}'), "garbage", {}),
        (Answer(302, b"", {"Location": "/elsewhere"}), "UNKNOWN", {}),
    ],
)
def test_what_follows_from_an_error_in_one_request(
    answer: Answer, code: str, expected: dict[str, object], fcm: FcmServer
) -> None:
    fcm.answers[TOKEN] = answer
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == (code, expected)
    assert (len(fcm.posted), fcm.asked) == (1, 1)


def test_a_quota_without_a_time_pauses_for_a_minute_and_a_little(fcm: FcmServer) -> None:
    fcm.answers[TOKEN] = refusal(429, "QUOTA_EXCEEDED")
    pauses = {refused(PROVIDER).pause for _ in range(5)}
    assert all(pause is not None and 60 <= pause <= 75 for pause in pauses)
    assert len(pauses) == 5
    assert len(fcm.posted) == 5


def test_an_outage_takes_no_time_of_ours(fcm: FcmServer) -> None:
    fcm.answers[TOKEN] = refusal(503, "UNAVAILABLE")
    began = time.monotonic()
    refused(PROVIDER)
    assert time.monotonic() - began < 1


def test_the_answer_is_what_google_said_without_the_token(fcm: FcmServer) -> None:
    fcm.answers[TOKEN] = refusal(404, "UNREGISTERED", f"Requested\nentity {TOKEN} was not found.")
    error = refused(PROVIDER)
    assert error.answer == str(error) == "404 UNREGISTERED: Requested entity *** was not found."


def test_a_page_instead_of_an_answer_is_kept_to_a_bound(fcm: FcmServer) -> None:
    fcm.answers[TOKEN] = Answer(502, b"<html>" + b"no " * 10_000)
    assert len(refused(PROVIDER).answer) <= 1000


def test_devices_of_another_project_are_told_to_operators(
    fcm: FcmServer, caplog: pytest.LogCaptureFixture
) -> None:
    fcm.answers[TOKEN] = refusal(403, "SENDER_ID_MISMATCH", f"SenderId mismatch of {TOKEN}")
    refused(PROVIDER)
    (record,) = [each for each in caplog.records if each.name.startswith("engagement")]
    assert record.levelno == logging.ERROR
    assert "SenderId mismatch" in record.getMessage()
    assert TOKEN not in caplog.text


# No answer


def test_a_server_that_is_not_there_is_unreachable(settings: Settings) -> None:
    with FcmServer() as fcm:
        settings.ENGAGEMENT_FCM_CREDENTIALS = fcm.account()
        PROVIDER.send(outgoing())
        fcm.stop()
        error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("unreachable", {"unreachable": True})


def test_a_server_that_hangs_up_without_a_word_is_for_now(fcm: FcmServer) -> None:
    fcm.drops = True
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("broken", {})
    assert len(fcm.posted) == 1


def test_a_server_that_says_nothing_is_for_now_and_soon(
    fcm: FcmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google, "SEND_SECONDS", 0.2)
    PROVIDER.send(outgoing())
    fcm.delay = 1
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("timeout", {})
    assert len(fcm.posted) == 2


# Access tokens


def test_an_account_that_is_refused_pauses_the_channel_and_nothing_is_sent(
    fcm: FcmServer, settings: Settings
) -> None:
    settings.ENGAGEMENT_FCM_CREDENTIALS = fcm.account(private_key=private_key(new_key()))
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("invalid_grant", PAUSED)
    assert error.answer.startswith("No access token: invalid_grant: Invalid JWT Signature")
    assert (fcm.asked, fcm.posted) == (1, [])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_outage_of_access_tokens_is_unreachable_after_one_request(fcm: FcmServer, status: int) -> None:
    fcm.at_token = Answer(status, b"")
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("no access", {"unreachable": True})
    assert (fcm.asked, fcm.posted) == (1, [])


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'"text"', b"\xff", b'{"access_token": 1, "expires_in": "x"}']
)
def test_garbage_instead_of_an_access_token_is_no_crash(fcm: FcmServer, content: bytes) -> None:
    fcm.at_token = Answer(200, content)
    assert not refused(PROVIDER).permanent
    assert fcm.posted == []


def test_nobody_there_to_give_access_tokens_is_unreachable(fcm: FcmServer, settings: Settings) -> None:
    settings.ENGAGEMENT_FCM_CREDENTIALS = fcm.account(token_uri=f"http://127.0.0.1:{free_port()}/token")
    error = refused(PROVIDER)
    assert (error.code, consequences(error)) == ("no access", {"unreachable": True})


def test_better_credentials_are_read_when_the_old_ones_were_refused(
    fcm: FcmServer, settings: Settings, tmp_path: Path
) -> None:
    place = tmp_path / "account.json"
    place.write_text(json.dumps(fcm.account(private_key=private_key(new_key()))))
    settings.ENGAGEMENT_FCM_CREDENTIALS = str(place)
    refused(PROVIDER)
    place.write_text(json.dumps(fcm.account()))
    PROVIDER.send(outgoing())


def test_an_access_token_that_was_revoked_is_replaced(fcm: FcmServer) -> None:
    PROVIDER.send(outgoing())
    fcm.tokens.clear()
    assert consequences(refused(PROVIDER)) == PAUSED
    PROVIDER.send(outgoing())
    assert (len(fcm.posted), fcm.asked) == (3, 2)


# Threads and processes


def test_five_threads_share_one_app_one_access_token_and_five_connections(fcm: FcmServer) -> None:
    devices = [f"device{number}" for number in range(500)]
    seen: set[str] = set()

    def send(device: str) -> str:
        seen.update(each.name for each in threading.enumerate() if "process_request_thread" not in each.name)
        return PROVIDER.send(outgoing(endpoint=device)).provider_id

    before = {each.name for each in threading.enumerate()}
    with ThreadPoolExecutor(5, "sender") as pool:
        names = list(pool.map(send, devices))
    assert sorted(posted.device for posted in fcm.posted) == sorted(devices)
    assert len(set(names)) == 500
    assert fcm.asked == 1
    assert len({posted.port for posted in fcm.posted}) <= 5
    assert {name.partition("_")[0] for name in seen - before} == {"sender"}
    assert len(seen - before) == 5


def test_threads_that_wait_for_an_access_token_do_not_wait_for_ever(
    fcm: FcmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google, "WAIT_SECONDS", 0.1)
    fcm.delay = 1
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(PROVIDER.send, outgoing())
        eventually(lambda: fcm.asked, what="the first asks")
        error = refused(PROVIDER)
        assert (error.code, consequences(error)) == ("no access", {"unreachable": True})
        first.result()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_was_forked_has_connections_of_its_own(fcm: FcmServer) -> None:
    PROVIDER.send(outgoing())
    process = multiprocessing.get_context("fork").Process(
        target=PROVIDER.send, args=[outgoing(endpoint="child")]
    )
    process.start()
    process.join(30)
    PROVIDER.send(outgoing())
    assert process.exitcode == 0
    ours, theirs = {each.port for each in fcm.to(TOKEN)}, {each.port for each in fcm.to("child")}
    assert (len(ours), len(theirs), ours & theirs) == (1, 1, set())


def test_another_account_is_another_app(fcm: FcmServer, settings: Settings) -> None:
    with FcmServer() as other:
        settings.ENGAGEMENT_FCM_CREDENTIALS = other.account()
        PROVIDER.send(outgoing(endpoint="other"))
    settings.ENGAGEMENT_FCM_CREDENTIALS = fcm.account()
    PROVIDER.send(outgoing(endpoint="ours"))
    assert [each.device for each in other.posted] == ["other"]
    assert [each.device for each in fcm.posted] == ["ours"]
