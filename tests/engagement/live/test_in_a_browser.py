"""The bell as people have it: two tabs of a person and another person, in a real browser."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, expect

from capabilities.people.models import Person
from engagement.models import AppNotification
from engagement.notifier import retract
from events.bus import event_bus
from events.drain import drain
from events.sql import fetch
from tests.browser import Web, browser, picture
from tests.conftest import need
from tests.engagement.live.streams import session_of
from tests.engagement.samples import fill_inbox, notified
from tests.polling import eventually
from tests.probe.events import Told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

#: Milliseconds in which what happens is in every open tab.
AT_ONCE = 1_000
PHONE = {"viewport": {"width": 390, "height": 844}}
PAGE = "/inbox/activity/"
Opens = Callable[..., Page]


class Site:
    """A web server and a browser; what the browser complains of is kept."""

    def __init__(self, web: Web, chromium: Browser) -> None:
        self.web, self._chromium = web, chromium
        self.complaints: list[str] = []

    def person(self, name: str, **options: Any) -> BrowserContext:
        """Return a browser of somebody who is logged in."""
        context = self._chromium.new_context(**options)
        session = session_of(Person.objects.get(username=name)).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.web.url}])
        return context

    def tab(self, context: BrowserContext, path: str = PAGE) -> Page:
        """Open a page, and wait until it is live."""
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        with page.expect_request("**/bell.js"):
            page.goto(f"{self.web.url}{path}")
        expect(bell(page)).to_be_visible()
        return page


@pytest.fixture
def site(alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    chromium = need("chromium")
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with Web() as web, browser(chromium) as found:
        made = Site(web, found)
        yield made
        connections.close_all()
    assert made.complaints == []


def bell(page: Page) -> Any:
    return page.get_by_role("button", name=re.compile("^Notifications"))


def badge(page: Page) -> Any:
    return bell(page).locator(".badge")


def listed(page: Page) -> Any:
    return page.get_by_role("dialog", name="Notifications").get_by_role("listitem")


def tell(*people: Person) -> None:
    event_bus.publish(Told(people=[each.pk for each in people]))
    drain()


def streams_of(site: Site) -> int:
    """Return how many streams were asked for so far."""
    return site.web.log().count("GET /inbox/stream/")


def test_what_is_told_appears_in_every_tab_within_a_second_and_nowhere_else(
    site: Site, alice: Person, bob: Person
) -> None:
    context = site.person("alice")
    tabs = [site.tab(context), site.tab(context)]
    bobs = site.tab(site.person("bob"))
    eventually(lambda: streams_of(site) == 2, what="a stream of each person")
    for page in (*tabs, bobs):
        bell(page).click()
        expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    tell(alice)
    for page in tabs:
        expect(badge(page)).to_have_text("1", timeout=AT_ONCE)
        expect(listed(page)).to_have_count(1, timeout=AT_ONCE)
        expect(page).to_have_title(re.compile(r"^\(1\) Activity"))
        expect(page.locator("[aria-live]")).to_have_text(re.compile("."))
    expect(badge(bobs)).to_have_count(0)
    expect(listed(bobs)).to_have_count(0)
    assert streams_of(site) == 2, "two tabs of one person cost one connection"


def test_what_is_read_in_one_tab_is_read_in_the_other(site: Site, alice: Person) -> None:
    fill_inbox(alice, 12)
    context = site.person("alice")
    one, other = site.tab(context), site.tab(context)
    for page in (one, other):
        expect(badge(page)).to_have_text("12")
        bell(page).click()
        expect(listed(page)).to_have_count(10)
    listed(one).first.get_by_role("button").click()
    one.wait_for_url("**/inbox/")
    expect(badge(other)).to_have_text("11", timeout=AT_ONCE)
    expect(listed(other).first).to_have_class("read")
    bell(one).click()
    one.get_by_role("dialog").get_by_role("button", name="Mark all as read").click()
    for page in (one, other):
        expect(badge(page)).to_have_count(0, timeout=AT_ONCE)
        expect(listed(page).locator(".dot:visible")).to_have_count(0)
    assert not AppNotification.objects.unread().exists()


def test_what_is_withdrawn_disappears(site: Site, alice: Person) -> None:
    notified(alice, "Stays")
    notified(alice, "Goes", about="kite:1")
    page = site.tab(site.person("alice"))
    bell(page).click()
    expect(listed(page)).to_have_count(2)
    retract("kite:1")
    expect(listed(page)).to_have_count(1, timeout=AT_ONCE)
    expect(badge(page)).to_have_text("1")
    expect(listed(page)).to_contain_text("Stays")


def test_after_a_cut_of_the_network_it_is_right_again(site: Site, alice: Person) -> None:
    row = notified(alice, "Read meanwhile")
    notified(alice, "Withdrawn meanwhile", about="kite:1")
    context = site.person("alice")
    tabs = [site.tab(context), site.tab(context)]
    for page in tabs:
        expect(badge(page)).to_have_text("2")
        bell(page).click()
        expect(listed(page)).to_have_count(2)
    context.set_offline(True)
    row.mark_as_read()
    retract("kite:1")
    notified(alice, "New meanwhile")
    context.set_offline(False)
    for page in tabs:
        expect(listed(page)).to_have_count(2, timeout=5_000)
        expect(listed(page).first).to_contain_text("New meanwhile")
        expect(listed(page).last).to_have_class("read")
        expect(badge(page)).to_have_text("1")


def test_when_the_tab_that_reads_the_stream_is_closed_another_goes_on(site: Site, alice: Person) -> None:
    context = site.person("alice")
    first, second = site.tab(context), site.tab(context)
    eventually(lambda: streams_of(site) == 1)
    first.close()
    eventually(lambda: streams_of(site) == 2, what="the second tab takes over")
    tell(alice)
    expect(badge(second)).to_have_text("1", timeout=AT_ONCE)


def test_a_killed_connection_of_the_server_is_not_noticed(site: Site, alice: Person) -> None:
    notified(alice)
    page = site.tab(site.person("alice"))
    bell(page).click()
    expect(listed(page)).to_have_count(1)
    fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [site.web.name]
    )
    notified(alice, "While nobody listened")
    expect(listed(page)).to_have_count(2, timeout=5_000)


def test_whoever_logs_out_in_one_tab_hears_nothing_in_the_other(site: Site, alice: Person) -> None:
    context = site.person("alice")
    one, other = site.tab(context), site.tab(context)
    eventually(lambda: streams_of(site) == 1)
    one.get_by_role("button", name="Log out").click()
    one.wait_for_url("**/login/")
    eventually(lambda: "401 Unauthorized" in site.web.log(), what="the stream is refused")
    tell(alice)
    expect(badge(other)).to_have_count(0)


def test_it_is_used_with_the_keyboard(site: Site, alice: Person) -> None:
    fill_inbox(alice, 3)
    page = site.tab(site.person("alice"))
    expect(badge(page)).to_have_text("3")
    bell(page).focus()
    page.keyboard.press("Enter")
    expect(listed(page)).to_have_count(3)
    expect(listed(page).nth(0).get_by_role("button")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(listed(page).nth(2).get_by_role("button")).to_be_focused()
    tell(alice)
    expect(listed(page)).to_have_count(4)
    expect(listed(page).nth(3).get_by_role("button")).to_be_focused()
    page.keyboard.press("Escape")
    expect(listed(page)).to_have_count(0)
    expect(bell(page)).to_be_focused()


def test_without_javascript_it_is_a_link_with_the_badge(site: Site, alice: Person) -> None:
    fill_inbox(alice, 3)
    context = site.person("alice", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.web.url}{PAGE}")
    expect(page.get_by_role("button", name="Notifications")).to_have_count(0)
    page.get_by_role("link", name="Notifications 3 unread").click()
    page.wait_for_url("**/inbox/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_it_has_room(site: Site, alice: Person, size: str, scheme: str) -> None:
    rows = fill_inbox(alice, 12)
    AppNotification.objects.filter(pk__in=[row.pk for row in rows[::3]]).update(
        title="Your booking of the Red Kite for next Saturday was confirmed by Kite Works, " * 2,
        reason="you manage this product's organisation",
    )
    AppNotification.objects.filter(pk__in=[row.pk for row in rows[::2]]).mark_read()
    options = (PHONE if size == "phone" else {}) | {"color_scheme": scheme}
    page = site.tab(site.person("alice", **options))
    bell(page).click()
    expect(listed(page)).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = page.get_by_role("dialog").bounding_box()
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    picture(page, f"bell-{size}-{scheme}")
