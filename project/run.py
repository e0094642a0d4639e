"""The supervisor behind `make run`: database, demo, web server and workers; Ctrl-C stops them all.

Nothing outlives it: the children are told to stop, told again, then killed with all below them; if it is
killed itself, the kernel tells them, and the last process that used the database stops that.
"""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

import psutil

from events.processes import die_with_parent
from project import env, mail
from project.embedded import server

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
#: How long the children have to finish what they are doing, and then to drop it.
STOP_SECONDS, LAST_SECONDS = 15, 5


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


def main() -> None:
    """Run everything until told to stop."""
    data = Path(os.environ.setdefault("CARILLON_DATA", str(ROOT / ".data")))
    data.mkdir(parents=True, exist_ok=True)
    port = _port()
    lock = _only_one(data / "run.lock")
    _check_free(port)
    url = f"http://localhost:{port}/"
    lock.write(url)
    lock.flush()
    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("CARILLON_DEMO", "1")
    if not os.environ.get("SITE_URL"):
        os.environ["SITE_URL"] = url  # links in mails lead here; the workers write them
    site = f"http://127.0.0.1:{port}"
    own = _use_own_far_ends(site)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)
    children: list[subprocess.Popen[bytes]] = []
    try:
        _prepare(data, site)
        _start(children, port)
        _wait_for(url, children)
        _greet(url, own)
        _watch(children)
    except Stopped:
        print("\nStopping ...", flush=True)
    finally:
        _stop(children)
    print("Stopped.", flush=True)


def _use_own_far_ends(site: str) -> list[str]:
    """Let the demo's messages come back to this web server, but where something else is set; return the channels."""
    if not env.boolean("CARILLON_DEMO", default=False):
        return []
    named = [bool(os.environ.get(name)) for name in ("PUSH_PROVIDER", "FCM_CREDENTIALS")]
    own = {
        "pushes": ("NOTIFICATION_SERVICE_URL", f"{site}/tryit/gateway", any(named)),
        "text messages": ("SMS_PROVIDER", "project.tryit.sms.DemoSms", False),
        "webhooks": ("WEBHOOK_ALLOWED_HOSTS", site.removeprefix("http://"), False),
    }
    found = []
    for what, (name, value, is_settled) in own.items():
        if not (is_settled or os.environ.get(name)):
            os.environ[name] = value
            found.append(what)
    return found


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65_536:
        _fail(f"PORT must be a number from 1 to 65535, not {text[:20]!r}. Try: PORT=8123 make run")
    return int(text)


def _only_one(path: Path) -> IO[str]:
    """Return the lock file, held as long as we live."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        _fail(
            f"Carillon is already running in this directory: {file.read() or 'it is just starting'}\n"
            "To load changed code, stop it with Ctrl-C and start it again."
        )
    file.truncate(0)
    return file


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            _fail(f"Port {port} cannot be used ({error.strerror}). Try another: PORT={port + 123} make run")


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(1)


def _on_signal(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def _prepare(data: Path, site: str) -> None:
    """Start the database, unless DATABASE_URL names one, and bring tables and demo up to date."""
    if not os.environ.get("DATABASE_URL"):
        print("Starting PostgreSQL under .data ...", flush=True)
        server.ensure_running(str(data))
    commands = [["migrate"], ["load_demo"]]
    if env.boolean("CARILLON_DEMO", default=False):
        commands.append(["load_tryit", site])
    for command in commands:
        arguments = [*command, "--verbosity", "0"]
        done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=False)
        if done.returncode:
            _fail(f"`manage.py {arguments[0]}` failed; the reason stands above.")


def _start(children: list[subprocess.Popen[bytes]], port: int) -> None:
    """Start the web server and the workers, each in a group of its own: Ctrl-C reaches only us."""
    web = ["-m", "uvicorn", "project.asgi:application", "--port", str(port), "--lifespan", "off"]
    web += ["--log-level", "warning", "--timeout-graceful-shutdown", "3"]
    for arguments in (web, ["manage.py", "worker"]):
        command = [sys.executable, *arguments]
        children.append(
            subprocess.Popen(command, cwd=ROOT, start_new_session=True, preexec_fn=die_with_parent)
        )


def _wait_for(url: str, children: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        _check_alive(children)
        try:
            urllib.request.urlopen(f"{url}login/", timeout=5).close()  # noqa: S310 - http://localhost
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    _fail(f"The web server did not answer within {START_SECONDS} s.")


def _greet(url: str, own: list[str]) -> None:
    print(f"\nCarillon is running: {url}", flush=True)
    print("Log in as alice, bob, carol or dave, or as admin for the admin; the password is carillon.")
    if env.boolean("CARILLON_DEMO", default=False):
        print(f"Try it without logging in, as two people side by side: {url}tryit/")
    if own:
        print(f"No {', '.join(own)} leave this machine: that page shows them.")
    for line in _on_mails(url):
        print(line)
    print("Ctrl-C stops everything.\n", flush=True)


def _on_mails(url: str) -> Iterator[str]:
    """Yield where mails go; never the user or the password."""
    demo = env.boolean("CARILLON_DEMO", default=False)
    found = mail.configuration(demo=demo)
    if found.backend == mail.MAILBOX:
        yield f"No mail is sent: each of them sees theirs at {url}mailbox/, and admin sees all."
    elif found.backend == mail.SMTP:
        yield f"Mails go to {found.host}:{found.port}."
    elif found.backend != mail.DUMMY:
        yield f"Mails go out by {found.backend}."
    if demo and found.backend not in {mail.MAILBOX, mail.DUMMY}:
        yield "Careful: the accounts of the demo have addresses at kiteworks.example, where nobody reads mails."


def _watch(children: list[subprocess.Popen[bytes]]) -> NoReturn:
    while True:
        _check_alive(children)
        time.sleep(0.5)


def _check_alive(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is not None:
            _fail(f"`{' '.join(map(str, child.args[1:3]))}` has ended with code {child.returncode}.")  # type: ignore[index]


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask, ask again, kill. Asked again, the watchdog kills its clusters: each has a session of its own."""
    for seconds in (STOP_SECONDS, LAST_SECONDS):
        for child in children:
            if child.poll() is None:
                child.terminate()
        if _have_ended(children, seconds):
            return
    families = [process for child in children if child.poll() is None for process in _family(child.pid)]
    for process in families:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _have_ended(children, LAST_SECONDS)


def _have_ended(children: list[subprocess.Popen[bytes]], seconds: float) -> bool:
    """Wait so long for all of them; tell whether they have ended."""
    deadline = time.monotonic() + seconds
    while any(child.poll() is None for child in children):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _family(pid: int) -> list[psutil.Process]:
    """Return a process and all below it."""
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


if __name__ == "__main__":
    main()
