"""Every page in a real browser: nothing in it is forbidden or fails, keeps anybody out, or sticks out at the side."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Response
from pytest_django import Settings

from capabilities.people.models import Person
from tests import axe
from tests.belongings import Belongings, address, stock_admin
from tests.browser import Web, browser, log_in
from tests.conftest import need
from tests.routes import Route, routes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

#: Routes that a browser does not open as a page, and why.
NO_PAGES = {
    "engagement:stream": "It does not end.",
    "logout": "Whoever opens it is not logged in any more.",
    "admin:logout": "Whoever opens it is not logged in any more.",
    "probe/apublish/": "It is of the tests.",
    "probe/publish/": "It is of the tests.",
}
#: The size of the window, and the colours.
LOOKS: dict[str, dict[str, Any]] = {
    f"{size} {scheme}": {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    for size, width, height in (("desktop", 1280, 800), ("phone", 390, 844))
    for scheme in ("light", "dark")
}
#: Rules that Django's own admin breaks, and where.
OF_DJANGO = {
    "aria-prohibited-attr": "The icons beside the filters of permissions.",
    "label": "The halves of a moment, which have one label for both; rows of a table, which have its heads.",
    "label-title-only": "The box to search in has a help text only.",
    "link-in-text-block": "The crumbs differ by their colour only.",
    "select-name": "Rows of a table, which have its heads.",
}
OF_PEOPLE = [route for route in routes() if not route.is_of_admin and str(route) not in NO_PAGES]
OF_STAFF = [route for route in routes() if route.is_of_admin and str(route) not in NO_PAGES]
#: What a browser writes of the page itself, if its status says that there is nothing to see.
ABOUT_STATUS = re.compile(r"Failed to load resource: the server responded with a status of 40[1345]")
#: The status of an address that is not for looking at.
ONLY_POST = 405
#: That of the many pages of the admin on which nothing can be added or changed: they look alike.
FORBIDDEN = 403
#: In milliseconds.
SOON = 10_000


def _is_page(answer: Response) -> bool:
    """Tell whether it is one of ours: not data, nor a mail, which is shown in a sandbox, where nothing can be asked."""
    is_html = "text/html" in answer.headers.get("content-type", "")
    return is_html and "sandbox" not in answer.headers["content-security-policy"]


@dataclass
class Visitor:
    """Goes from page to page, and notes what is wrong with each."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        own = message.location.get("url") == self.page.url and ABOUT_STATUS.match(message.text)
        if message.type in {"error", "warning"} and not own:
            self.wrong.append(f"{self.page.url}: {message.text}")

    def visit(self, route: Route, own: Belongings) -> None:
        """Open a page, and look at it."""
        place = address(route, own)
        try:
            if self.page.request.get(f"{self.url}{place}", timeout=SOON).status == ONLY_POST:
                return
            answer = self.page.goto(f"{self.url}{place}", timeout=SOON)
        except Error as error:
            self.wrong.append(f"{place}: if it is no page, add {route} to NO_PAGES. {error}")
            return
        if answer is None or answer.status >= 500:
            self.wrong.append(f"{place}: {answer and answer.status}")
        elif _is_page(answer) and not (route.is_of_admin and answer.status == FORBIDDEN):
            self._look(place)

    def _look(self, place: str) -> None:
        if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            self.wrong.append(f"{place}: something sticks out at the side")
        known = OF_DJANGO if place.startswith("/admin/") else {}
        found = axe.violations(self.page)
        self.wrong += [f"{place}: {said}" for rule, said in found.items() if rule not in known]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Iterator[Web]:
    """A running site with a mailbox."""
    settings.MAILBOX = tmp_path / "mail"
    monkeypatch.setenv("TEST_MAILBOX", str(settings.MAILBOX))
    with Web() as found:
        yield found


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser."""
    program = need("chromium")
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with browser(program) as found:
        yield found
        connections.close_all()


@pytest.fixture
def own(web: Web, alice: Person) -> Belongings:
    """What Alice has."""
    return Belongings(alice)


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_of_a_person_has_anything_wrong(
    look: str, own: Belongings, web: Web, chromium: Browser
) -> None:
    visitor = Visitor(chromium.new_context(**LOOKS[look]).new_page(), web.url)
    log_in(visitor.page, web.url, "alice")
    for route in OF_PEOPLE:
        visitor.visit(route, own)
    assert not visitor.wrong, "\n".join(visitor.wrong)


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_for_those_who_are_not_logged_in_has_anything_wrong(
    look: str, own: Belongings, web: Web, chromium: Browser
) -> None:
    visitor = Visitor(chromium.new_context(**LOOKS[look]).new_page(), web.url)
    for route in OF_PEOPLE:
        visitor.visit(route, own)
    assert not visitor.wrong, "\n".join(visitor.wrong)


@pytest.mark.parametrize("look", ["desktop light", "phone dark"])
def test_no_page_of_the_admin_has_anything_wrong(
    look: str, own: Belongings, web: Web, chromium: Browser
) -> None:
    stock_admin(own.person)
    Person.objects.filter(pk=own.person.pk).update(is_staff=True, is_superuser=True)
    visitor = Visitor(chromium.new_context(**LOOKS[look]).new_page(), web.url)
    log_in(visitor.page, web.url, "alice")
    for route in OF_STAFF:
        visitor.visit(route, own)
    assert not visitor.wrong, "\n".join(visitor.wrong)
