"""Where one is led by an address that somebody else has written: never away from here."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connections
from django.test import Client, RequestFactory
from playwright.sync_api import Browser
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.links import absolute, harmless
from engagement.views.answer import go
from tests.belongings import Belongings, address
from tests.browser import browser
from tests.conftest import need
from tests.routes import routes

pytestmark = pytest.mark.django_db

HERE = "http://testserver"
AWAY = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "http://evil.example",
    "https://evil.example/inbox/",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "HTTPS://EVIL.EXAMPLE",
    "ftp://testserver/",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\evil.example",
    "/\\/evil.example",
    "https:\\\\evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "ht\ntps://evil.example",
    " //evil.example",
    "\x00//evil.example",
    "\x1f//evil.example",
    "\u00a0//evil.example",
    "\u3000//evil.example",
    "//testserver@evil.example",
    "http://testserver@evil.example",
    "http://testserver:80@evil.example",
    "http://testserver.evil.example",
    "http://evil.example#testserver",
    "http://evil.example\\@testserver",
    "http://evil.example\\.testserver",
    "//evil\u3002example",
    "//[::1]",
    "//[evil",
    "http://testserver:99999999",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript://testserver/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:http://testserver/1",
    "view-source:http://evil.example",
    "mailto:a@evil.example",
]
#: They look like some of the above, but stay here.
STAYS = [
    "/inbox/",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "%2f%2fevil.example",
    "?next=//evil.example",
    "#//evil.example",
    "/@evil.example",
    "inbox/",
    "http://testserver/inbox/",
]
#: Routes that read where to go from there: all are tried, but these must heed it.
HEED_NEXT = {"engagement:read", "engagement:unread", "engagement:mute", "engagement:unmute"}


@pytest.fixture(autouse=True)
def base_url(settings: Settings) -> None:
    """Where this is."""
    settings.ENGAGEMENT_BASE_URL = HERE


@pytest.fixture(autouse=True)
def mailbox(settings: Settings, tmp_path: Path) -> None:
    """A mailbox for the pages of the demo."""
    settings.MAILBOX = tmp_path / "mail"


@pytest.fixture
def own(alice: Person) -> Belongings:
    """What Alice has."""
    return Belongings(alice)


def as_owner(own: Belongings) -> Client:
    """Return a browser of whoever has it all."""
    client = Client(raise_request_exception=False)
    client.force_login(own.person)
    return client


def gone_to(url: str) -> str:
    """Return where a notification with this address leads."""
    return go(url, RequestFactory().get("/"))["Location"]


@pytest.mark.parametrize("url", AWAY)
def test_no_address_leads_away(url: str) -> None:
    assert harmless(url) == absolute(url) == ""
    assert gone_to(url) == "/inbox/"


@pytest.mark.parametrize("url", STAYS)
def test_an_address_of_this_site_is_left_as_it_is(url: str) -> None:
    assert harmless(url) == url
    assert gone_to(url) == url


def test_a_host_that_is_allowed_is_allowed_in_no_other_guise(settings: Settings) -> None:
    settings.ENGAGEMENT_ALLOWED_HOSTS = ["friend.example"]
    assert gone_to("https://friend.example/x") == "https://friend.example/x"
    for url in (
        "https://friend.example@evil.example",
        "//friend.example.evil.example",
        "javascript://friend.example",
    ):
        assert gone_to(url) == "/inbox/"


@pytest.mark.parametrize(
    "url", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_page_heeds_an_address_that_leads_away(url: str, own: Belongings) -> None:
    for route in routes():
        if not route.is_of_admin:
            client, place = as_owner(own), address(route, own)
            answers = [client.get(f"{place}?next={quote(url)}"), client.post(place, {"next": url})]
            places = [answer["Location"] for answer in answers if answer.has_header("Location")]
            assert [*map(harmless, places)] == places, route


def test_an_address_of_this_site_is_heeded(own: Belongings) -> None:
    heeded, url = set(), "/products/?next=//evil.example"
    for route in routes():
        if not route.is_of_admin:
            client = as_owner(own)
            if client.post(address(route, own), {"next": url, "until": "ever"}).get("Location") == url:
                heeded.add(route.name)
    assert heeded >= HEED_NEXT


@pytest.mark.parametrize("url", AWAY)
def test_after_the_login_one_is_still_here(url: str, alice: Person) -> None:
    sent = {"username": "alice", "password": "carillon", "next": url}
    assert Client().post("/login/", sent)["Location"] == "/"
    assert Client().post(f"/login/?next={quote(url)}", sent)["Location"] == "/"


# What a browser makes of them


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser."""
    program = need("chromium")
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with browser(program) as found:
        yield found
        connections.close_all()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_to_a_browser_what_is_harmless_stays_here(chromium: Browser) -> None:
    page = chromium.new_page()
    origin = "url => { try { return new URL(url, 'http://testserver/inbox/').origin } catch { return '' } }"
    for url in [*AWAY, *STAYS]:
        assert page.evaluate(origin, url) == HERE or harmless(url) == "", url
    assert all(page.evaluate(origin, url) == HERE for url in STAYS)
