"""Pictures of every page, of people who use it: on a desktop and on a phone, in the light and in the dark."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from playwright.sync_api import Browser, Error, Page

from events.hands import hands
from tests.belongings import address
from tests.browser import Web, browser, log_in
from tests.cluster import ROOT, Process
from tests.conftest import need
from tests.project.test_every_page import LOOKS, NO_PAGES
from tests.routes import Route, routes
from tests.screenshots.demo import NOW, Demo
from tests.services import free_port

FOLDER = ROOT / ".data" / "screenshots"
MANUAL = ROOT / "docs" / "images"
#: Pages that the manual shows: as they look on a desktop, in the light.
SHOWN = {"engagement:inbox": "inbox", "engagement:why": "why"}
#: Pages of the admin that are worth a picture; the others look like any admin's.
OF_ADMIN = {
    "admin:index",
    "admin:engagement_channelpause_changelist",
    "admin:engagement_emailnotification_changelist",
    "admin:engagement_emailnotification_change",
    "admin:engagement_notificationtemplate_add",
}
SERVE = """
import uvicorn
from freezegun import freeze_time
freeze_time({now!r}, tick=True, real_asyncio=True).start()
uvicorn.run("project.asgi:application", port={port}, lifespan="off", log_level="warning")
"""


class StoppedWeb(Web):
    """A web server that believes that it is always the same minute."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        Process.__init__(self, "-c", SERVE.format(now=NOW, port=self.port), program=())


def take() -> int:
    """Take the pictures; return how many there are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _database(), browser(need("chromium")) as chromium:
        demo = Demo()
        with StoppedWeb() as web:
            for look in LOOKS:
                _take_all(chromium, web, demo, look)
        # Those of this thread's loop, which is the browser's.
        connections.close_all()
        hands().close()
    return len(list(FOLDER.glob("*.png")))


@contextmanager
def _database() -> Iterator[None]:
    """Have an empty database that is none of anybody's."""
    kept = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        connections.close_all()
        teardown_databases(kept, verbosity=0)


def _take_all(chromium: Browser, web: Web, demo: Demo, look: str) -> None:
    for person in ("", "bob", "admin"):
        context = chromium.new_context(**LOOKS[look], reduced_motion="reduce")
        page = context.new_page()
        if person:
            log_in(page, web.url, person)
        for route in routes():
            if _is_for(person, route):
                _take(page, f"{web.url}{address(route, demo)}", route, look)
        context.close()


def _is_for(person: str, route: Route) -> bool:
    """Tell whether it is this person's to show: whoever is not logged in has but what is public."""
    if str(route) in NO_PAGES or route.name.startswith("mailbox:html"):
        return False
    if not person:
        return route.name in {"login", "engagement:unsubscribe"}
    return (route.name in OF_ADMIN) if person == "admin" else not route.is_of_admin


def _take(page: Page, url: str, route: Route, look: str) -> None:
    """Take one picture, unless it is no page, or only leads to another."""
    try:
        answer = page.goto(url)
    except Error:
        return
    is_page = answer is not None and answer.ok and "text/html" in answer.headers.get("content-type", "")
    if not is_page or page.url != url:
        return
    name = route.name.replace(":", "-")
    page.screenshot(path=FOLDER / f"{name} {look}.png", full_page=True, animations="disabled")
    if route.name in SHOWN and look == "desktop light":
        page.screenshot(path=MANUAL / f"{SHOWN[route.name]}.png", animations="disabled")
