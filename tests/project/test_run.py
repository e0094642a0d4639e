"""`make run`: everything under one supervisor, and nothing after it."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from project.run import _on_mails, _use_own_far_ends
from tests.polling import eventually
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
#: Of this test run, not for the supervisor's own processes.
NOT_INHERITED = {"DJANGO_SETTINGS_MODULE", "SECRET_KEY", "HTTPS", "DATABASE_NAME", "DATABASE_URL"}


class Supervisor:
    """`make run` without make."""

    def __init__(self, data: Path, port: int | str) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        self.output = tempfile.TemporaryFile("w+")
        self.port = port
        self.environment = inherited | {"CARILLON_DATA": str(data), "PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "project.run"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def text(self) -> str:
        """Return what it has printed."""
        return Path(f"/proc/{os.getpid()}/fd/{self.output.fileno()}").read_text(encoding="utf-8")

    def ready(self) -> None:
        """Wait until it says where to click."""
        eventually(self._is_ready, timeout=90, what="Carillon is running")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.text()
        return "Carillon is running" in self.text()

    def enqueue(self, function: str, **arguments: object) -> None:
        """Have its workers call a function."""
        program = f"from events.bus import event_bus; event_bus.enqueue_task({function!r}, {arguments!r})"
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", program]
        subprocess.run(command, cwd=ROOT, env=self.environment | {"DEBUG": "1"}, check=True)

    def family(self) -> list[psutil.Process]:
        """Return all processes under it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def wait(self, timeout: float = 30) -> int:
        """Wait for its end; return its exit code."""
        return self.process.wait(timeout)

    def end(self) -> None:
        """Kill what is left, for a test that failed."""
        if self.process.poll() is None:
            family = self.family()
            self.process.kill()
            for process in family:
                if process.is_running():
                    process.kill()
            self.process.wait()
        self.output.close()


def postgres_in(data: Path) -> list[psutil.Process]:
    """Return the server processes that work on this data."""
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres" and str(data) in " ".join(process.info["cmdline"] or [])
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory for all, so that only the first start makes a database."""
    return tmp_path_factory.mktemp("run") / "data"


@pytest.fixture
def supervisor(data: Path) -> Iterator[Supervisor]:
    """A supervisor that is up."""
    started = Supervisor(data, free_port())
    try:
        started.ready()
        yield started
    finally:
        started.end()


def lives(process: psutil.Process) -> bool:
    """Tell whether a process is still there."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_it_says_where_to_click_and_which_accounts_there_are(supervisor: Supervisor) -> None:
    text = supervisor.text()
    assert f"http://localhost:{supervisor.port}/" in text
    assert re.search("alice, bob, carol or dave.*admin.*carillon", text)
    with urllib.request.urlopen(f"http://localhost:{supervisor.port}/") as response:
        assert "Log in" in response.read().decode()


def test_it_sends_one_to_the_page_where_everything_can_be_tried_first(supervisor: Supervisor) -> None:
    text, page = supervisor.text(), f"http://localhost:{supervisor.port}/tryit/"
    assert f"Try it without logging in, as two people side by side: {page}" in text
    assert "No pushes, text messages, webhooks leave this machine: that page shows them." in text
    with urllib.request.urlopen(page) as response:
        shown = response.read().decode()
    assert "Alice Arden" in shown
    assert "Bob Byrne" in shown
    (web,) = [each for each in supervisor.family() if "uvicorn" in each.cmdline()]
    assert web.environ()["NOTIFICATION_SERVICE_URL"] == f"http://127.0.0.1:{supervisor.port}/tryit/gateway"


def test_what_one_has_set_counts_for_more_than_the_far_ends_of_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("PUSH_PROVIDER", "FCM_CREDENTIALS", "NOTIFICATION_SERVICE_URL")
    for name in (*names, "SMS_PROVIDER", "WEBHOOK_ALLOWED_HOSTS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CARILLON_DEMO", "1")
    monkeypatch.setenv("SMS_PROVIDER", "sparrow")
    monkeypatch.setenv("FCM_CREDENTIALS", "firebase.json")
    assert _use_own_far_ends("http://127.0.0.1:8000") == ["webhooks"]
    assert os.environ["SMS_PROVIDER"] == "sparrow"
    assert os.environ["NOTIFICATION_SERVICE_URL"] == ""
    monkeypatch.setenv("CARILLON_DEMO", "0")
    assert _use_own_far_ends("http://127.0.0.1:8000") == []


def on_mails(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    """Return what it says of mails in this environment."""
    for name in ("EMAIL_URL", "EMAIL_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"CARILLON_DEMO": "1"} | environment).items():
        monkeypatch.setenv(name, value)
    return [*_on_mails("http://localhost:8000/")]


def test_with_a_mail_server_it_names_that_but_no_password_and_warns_of_the_demos_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where, careful = on_mails(monkeypatch, EMAIL_URL="smtp+tls://me:secret@mail.example")
    assert where == "Mails go to mail.example:587."
    assert "addresses at kiteworks.example" in careful


def test_what_is_sent_in_another_way_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    where, _careful = on_mails(monkeypatch, EMAIL_URL="consolemail://")
    assert where == "Mails go out by django.core.mail.backends.console.EmailBackend."


def test_without_the_demo_it_warns_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_mails(monkeypatch, CARILLON_DEMO="0") == []
    assert on_mails(monkeypatch, CARILLON_DEMO="0", EMAIL_URL="smtp://localhost:8025") == [
        "Mails go to localhost:8025."
    ]


def test_mails_are_kept_and_it_says_where_they_can_be_read(supervisor: Supervisor, data: Path) -> None:
    site = f"http://localhost:{supervisor.port}"
    assert (
        f"No mail is sent: each of them sees theirs at {site}/mailbox/, and admin sees all."
        in supervisor.text()
    )
    with urllib.request.urlopen(f"{site}/mailbox/") as response:
        assert response.url == f"{site}/login/?next=/mailbox/"
    mail = {
        "subject": "Hello",
        "message": "x",
        "from_email": None,
        "recipient_list": ["bob@kiteworks.example"],
    }
    supervisor.enqueue("django.core.mail.send_mail", **mail)
    eventually(lambda: list((data / "mail" / "new").glob("*")), timeout=30, what="a worker has sent it")
    (kept,) = (data / "mail" / "new").iterdir()
    assert b"From: Carillon <no-reply@localhost>" in kept.read_bytes()


def test_the_workers_know_where_the_site_is(supervisor: Supervisor) -> None:
    def clusters() -> list[psutil.Process]:
        return [each for each in supervisor.family() if "qcluster" in each.cmdline()]

    eventually(
        lambda: {each.environ().get("Q_CLUSTER_NAME") for each in clusters()} == {"events", "delivery"}
    )
    site = f"http://localhost:{supervisor.port}/"
    assert {each.environ()["SITE_URL"] for each in clusters()} == {site}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_everything_and_leaves_no_process_behind(
    supervisor: Supervisor, data: Path, number: signal.Signals
) -> None:
    eventually(lambda: len(supervisor.family()) > 6, what="the workers are there")
    family = supervisor.family()
    assert postgres_in(data)
    supervisor.process.send_signal(number)
    assert supervisor.wait() == 0
    assert "Stopped." in supervisor.text()
    assert not any(map(lives, family))
    assert not postgres_in(data)


def test_a_handler_that_takes_its_time_is_not_left_behind(supervisor: Supervisor, data: Path) -> None:
    """It waits for an answer that never comes; the cluster waits for it, the watchdog for the cluster."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        supervisor.enqueue("urllib.request.urlopen", url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        silent.settimeout(30)
        asked, _ = silent.accept()
        with asked:
            family = supervisor.family()
            supervisor.process.terminate()
            assert supervisor.wait(50) == 0
            assert not any(map(lives, family))
            assert not postgres_in(data)


def test_killed_itself_it_leaves_no_process_behind(supervisor: Supervisor, data: Path) -> None:
    eventually(lambda: len(supervisor.family()) > 6, what="the workers are there")
    family = supervisor.family()
    supervisor.process.kill()
    supervisor.wait()
    eventually(lambda: not any(map(lives, family)), timeout=30, what="its processes end")
    eventually(lambda: not postgres_in(data), timeout=30, what="the last one stops the database")


def test_when_the_web_server_dies_everything_stops(supervisor: Supervisor) -> None:
    (web,) = [process for process in supervisor.family() if "uvicorn" in process.cmdline()]
    web.kill()
    assert supervisor.wait() == 1
    assert "uvicorn` has ended with code -9" in supervisor.text()


def test_a_second_one_in_the_same_directory_says_where_the_first_is(
    supervisor: Supervisor, data: Path
) -> None:
    second = Supervisor(data, free_port())
    try:
        assert second.wait() == 1
        assert f"already running in this directory: http://localhost:{supervisor.port}/" in second.text()
        assert "To load changed code, stop it with Ctrl-C and start it again." in second.text()
    finally:
        second.end()


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ("abc", "PORT must be a number from 1 to 65535"),
        ("0", "PORT must be"),
        ("70000", "PORT must be"),
        ("²", "PORT must be"),
        ("9" * 5000, "PORT must be"),
    ],
)
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str, message: str) -> None:
    supervisor = Supervisor(tmp_path, port)
    try:
        assert supervisor.wait() == 1
        assert message in supervisor.text()
    finally:
        supervisor.end()


def test_a_busy_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        supervisor = Supervisor(tmp_path, port)
        try:
            assert supervisor.wait() == 1
            assert f"Port {port} cannot be used" in supervisor.text()
            assert "PORT=" in supervisor.text()
        finally:
            supervisor.end()
