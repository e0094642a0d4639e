"""Requests reach a real server as they are meant, and are answered in time and with bounded memory, or not at all."""

import socket
import threading
import time
import tomllib
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import engagement
from engagement.channels.http import HttpError, NoConnection, TimedOut
from engagement.channels.http.client import LONGEST_BODY
from tests.engagement.channels.http.sending import leading_to, refused, send
from tests.http import HttpServer, Reply
from tests.services import free_port


def test_a_request_arrives_as_it_was_given_and_so_does_its_answer() -> None:
    with HttpServer() as server:
        server.answer(
            201, {"id": 7}, headers={"X-One": "1", "x-one": "2", "Content-Type": "application/json"}
        )
        answer = send(
            f"{server.url}/käse?a=b#c",
            content="Käse".encode(),
            headers={"X-Key": "value", "Content-Type": "text/plain"},
        )
        (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", "/k%C3%A4se?a=b", "Käse".encode())
    assert request.headers == {
        "host": server.authority,
        "user-agent": f"Carillon/{engagement.__version__}",
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": "5",
        "content-type": "text/plain",
        "x-key": "value",
    }
    assert (answer.status, answer.body, answer.is_success) == (201, b'{"id": 7}', True)
    assert answer.headers["x-one"] == "1, 2"


def test_the_version_that_we_tell_is_that_of_the_project() -> None:
    with (Path(engagement.__file__).parents[1] / "pyproject.toml").open("rb") as file:
        assert engagement.__version__ == tomllib.load(file)["project"]["version"]


def test_no_redirect_is_followed() -> None:
    with HttpServer() as server, HttpServer() as private:
        server.answer(307, headers={"Location": f"{private.url}/"})
        answer = send(server.url)
        assert (answer.status, answer.headers["location"]) == (307, f"{private.url}/")
        assert private.requests == []


def test_nothing_is_decompressed() -> None:
    with HttpServer() as server:
        server.answer(200, b"\x1f\x8b bomb", headers={"Content-Encoding": "gzip"})
        assert send(server.url).body == b"\x1f\x8b bomb"


def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with HttpServer() as server:
        assert send(server.url).status == 200


@pytest.mark.parametrize(
    "reply",
    [
        Reply(cut=0),
        Reply(cut=10),
        Reply(cut=25),
        Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
        Reply(raw=b"\x00" * 10_000),
        Reply(raw=b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    ],
)
def test_what_is_no_answer_is_for_now(reply: Reply) -> None:
    with HttpServer() as server:
        server.answer_by(lambda request: reply)
        error = refused(server.url, is_trusted=True)
    assert isinstance(error, NoConnection)
    assert len(error.answer) <= 500
    assert error.answer.isprintable()


@hypothesis_settings(deadline=None)
@given(raw=st.binary() | st.binary().map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
def test_whatever_is_said_is_an_answer_or_an_error_of_ours(raw: bytes) -> None:
    with HttpServer() as server, suppress(NoConnection):
        server.answer(raw=raw)
        assert 200 <= send(server.url).status < 600


def timed(url: str, seconds: float) -> HttpError:
    """Send what will not be answered in time, and see to it that it ends in time."""
    start = time.monotonic()
    error = refused(url, is_trusted=True, seconds=seconds)
    assert seconds * 0.5 < time.monotonic() - start < seconds + 1
    assert isinstance(error, TimedOut)
    assert (error.code, error.permanent) == ("timeout", False)
    return error


def test_who_says_nothing_is_waited_for_only_so_long() -> None:
    with HttpServer() as server:
        server.answer(delay=30)
        timed(server.url, 0.5)


def test_who_says_a_byte_now_and_then_is_waited_for_only_so_long() -> None:
    with HttpServer() as server:
        server.answer(drip=0.1)
        assert timed(server.url, 0.5).answer


def test_who_does_not_listen_is_waited_for_only_so_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        error = refused(
            f"http://127.0.0.1:{deaf.getsockname()[1]}/",
            is_trusted=True,
            seconds=0.5,
            content=b"x" * 30_000_000,
        )
    assert isinstance(error, TimedOut)


def test_who_says_nothing_of_tls_is_waited_for_only_so_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        timed(f"https://127.0.0.1:{silent.getsockname()[1]}/", 0.5)


def test_when_the_resolver_took_all_the_time_nothing_is_sent() -> None:
    with HttpServer() as server:

        def resolve(host: str, port: int, **options: Any) -> Any:
            time.sleep(0.2)
            return leading_to("127.0.0.1", port=server.port)(host, port)

        error = refused("http://slow.example/", is_trusted=True, seconds=0.1, resolve=resolve)
        assert isinstance(error, TimedOut)
        assert server.connections == 0


@pytest.mark.parametrize("reply", [Reply(202, "x" * 100, cut=70), Reply(202, "x" * 100, drip=0.01)])
def test_who_has_said_a_status_and_no_more_is_believed(reply: Reply) -> None:
    with HttpServer() as server:
        server.answer_by(lambda request: reply)
        answer = send(server.url, seconds=1.2)
    assert answer.status == 202
    assert set(answer.body) <= set(b"x")
    assert len(answer.body) < 100


@pytest.mark.parametrize("is_measured", [True, False])
def test_an_endless_answer_is_cut_off_and_counts(is_measured: bool) -> None:
    with HttpServer() as server:
        server.answer(200, b"x" * 1_000_000, times=100, is_measured=is_measured)
        tracemalloc.start()
        answer = send(server.url)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (answer.status, len(answer.body)) == (200, LONGEST_BODY)
    # A million is the server's own.
    assert peak < 5_000_000


def test_who_only_says_that_we_may_go_on_is_not_listened_to_for_long() -> None:
    with HttpServer() as server:
        server.answer(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000)
        started = time.process_time()
        with pytest.raises(NoConnection, match="has no end"):
            send(server.url, seconds=15)
        assert time.process_time() - started < 5


def test_who_answers_before_hearing_it_all_is_heard() -> None:
    early = b"HTTP/1.1 413 Too Long\r\nContent-Length: 0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as impatient:

        def speak() -> None:
            taken, _address = impatient.accept()
            with taken:
                taken.sendall(early)
                taken.shutdown(socket.SHUT_WR)
                while taken.recv(65_536):
                    pass

        thread = threading.Thread(target=speak)
        thread.start()
        answer = send(f"http://127.0.0.1:{impatient.getsockname()[1]}/", content=b"x" * 1_000_000)
        thread.join()
    assert answer.status == 413


def test_each_call_has_a_connection_of_its_own() -> None:
    with HttpServer() as server:
        for _ in range(3):
            send(server.url)
        assert len({request.port for request in server.requests}) == server.connections == 3
