"""A real web server on the test database, and a real browser."""

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.error import URLError

from playwright.sync_api import Browser, Page, sync_playwright

from tests.cluster import Process
from tests.polling import eventually
from tests.services import free_port

#: Debian's chromium, in a closed network and as root in CI.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Web(Process):
    """uvicorn with the project's ASGI application."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        command = ("-m", "uvicorn", "project.asgi:application", "--port", str(self.port), "--lifespan", "off")
        super().__init__(*command, program=())

    def __enter__(self) -> Self:
        eventually(self._answers, timeout=30, what="the web server answers")
        return self

    def _answers(self) -> bool:
        assert self.popen.poll() is None, self.log()
        try:
            urllib.request.urlopen(f"{self.url}/login/", timeout=5).close()
        except (URLError, OSError):
            return False
        return True


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Run a headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


def log_in(page: Page, url: str, username: str) -> None:
    """Log in through the page."""
    page.goto(f"{url}/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill("carillon")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/inbox/")


def picture(page: Page, name: str) -> None:
    """Keep a screenshot, if CARILLON_SCREENSHOTS names a folder for them."""
    folder = os.environ.get("CARILLON_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
