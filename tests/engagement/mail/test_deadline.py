"""However slow a server is, nobody sends a mail for so long that another worker may have it."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.core.mail.backends.locmem import EmailBackend as LocmemBackend
from pytest_django import Settings

from engagement.channels.base import Connection, DeliveryError
from engagement.channels.email import channel
from tests.conftest import need
from tests.engagement.mail.slow import DRIPS, RAMBLES, SAYS_NOTHING, SlowServer
from tests.engagement.messages import BASE_URL, outgoing
from tests.smtp import SmtpServer

#: Half of it is what opening the connection and handing over a mail may take together.
LEASE_SECONDS = 2
#: For what there is to do beside waiting.
GRACE = 0.2


@pytest.fixture(autouse=True)
def short_lease(settings: Settings) -> None:
    """Make the lease shorter than the time-out of the socket."""
    settings.EVENTS_LEASE_SECONDS = LEASE_SECONDS
    settings.EMAIL_TIMEOUT = 60
    settings.ENGAGEMENT_BASE_URL = BASE_URL


@contextmanager
def slow(
    settings: Settings, step: str, drop: bytes, tls: ssl.SSLContext | None = None
) -> Iterator[SlowServer]:
    """Run a server that loses its way at this step, and send by it."""
    with SlowServer(step, drop, tls) as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        yield server


@contextmanager
def in_time() -> Iterator[None]:
    """Fail if it takes longer than half a lease."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LEASE_SECONDS / 2 + GRACE


def refused(turn: Connection) -> DeliveryError:
    """Send a mail, of which nothing comes in time; return with what it was refused, which is for now."""
    with pytest.raises(DeliveryError) as found, in_time():
        turn.send(outgoing())
    assert (found.value.permanent, found.value.suppress) == (False, False)
    assert "timed out" in found.value.answer
    return found.value


@pytest.mark.parametrize("drop", [SAYS_NOTHING, DRIPS, RAMBLES], ids=["nothing", "drips", "rambles"])
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "message"])
def test_a_server_that_comes_to_no_end_is_left(settings: Settings, step: str, drop: bytes) -> None:
    with slow(settings, step, drop) as server, channel.connect() as turn:
        error = refused(turn)
        assert error.unreachable is (step == "greeting")
        assert step == "DATA" or ("may have been taken" in error.answer) is (step == "message")
        assert len(server.messages) == (step == "message")
        assert server.connections == 1


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return what a server needs that is believed to be this machine."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    called = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    places = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([need("openssl"), "req", *made, *called, *places], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificate, key)
    return found


@pytest.mark.parametrize("drop", [SAYS_NOTHING, DRIPS], ids=["nothing", "drips"])
@pytest.mark.parametrize("step", ["handshake", "greeting", "EHLO", "message"])
def test_an_encrypted_connection_is_left_as_well(
    settings: Settings, tls: ssl.SSLContext, step: str, drop: bytes
) -> None:
    with slow(settings, step, drop, tls) as server, channel.connect() as turn:
        error = refused(turn)
        assert error.unreachable is (step in {"handshake", "greeting"})
        assert len(server.messages) == (step == "message")


def test_a_long_mail_arrives_whole_over_an_encrypted_connection(
    settings: Settings, tls: ssl.SSLContext
) -> None:
    with slow(settings, "never", SAYS_NOTHING, tls) as server, channel.connect() as turn:
        turn.send(outgoing(message="All of it. " * 10_000))
        assert server.messages[0].count(b"All of it.") > 5_000


def test_each_attempt_is_one_mail_however_often_a_server_hesitates(server: SmtpServer) -> None:
    server.hesitation = 60
    with channel.connect() as turn:
        for attempt in (1, 2):
            assert "may have been taken" in refused(turn).answer
            assert len(server.received) == attempt


def test_the_time_is_counted_for_each_mail_anew(server: SmtpServer) -> None:
    server.delay = LEASE_SECONDS / 4
    with channel.connect() as turn:
        for _ in range(4):
            turn.send(outgoing())
    assert (len(server.received), server.connections) == (4, 1)


def test_opening_the_connection_and_the_mail_share_the_time(settings: Settings) -> None:
    with slow(settings, "EHLO", SAYS_NOTHING) as server, channel.connect() as turn:
        refused(turn)
        server.step = ""
        turn.send(outgoing())
        assert (len(server.messages), server.connections) == (1, 2)


def test_in_a_thread_it_is_the_same(settings: Settings) -> None:
    def send() -> DeliveryError:
        with channel.connect() as turn:
            return refused(turn)

    with slow(settings, "message", DRIPS) as server, ThreadPoolExecutor(1) as pool:
        assert "may have been taken" in pool.submit(send).result().answer
        assert len(server.messages) == 1


def test_a_server_that_does_not_say_goodbye_is_left_as_well(settings: Settings) -> None:
    with slow(settings, "QUIT", DRIPS) as server, in_time():
        with channel.connect() as turn:
            turn.send(outgoing())
        assert len(server.messages) == 1


class Late(LocmemBackend):
    """A backend that needs very long to open its connection."""

    def open(self) -> bool:
        """Take longer than there is."""
        time.sleep(LEASE_SECONDS / 2)
        return True

    #: Sends nothing.
    send_messages = Mock(return_value=1)


def test_on_a_connection_that_took_too_long_nothing_is_sent(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Late"
    with channel.connect() as turn:
        error = refused(turn)
    assert error.unreachable
    assert not Late.send_messages.called
