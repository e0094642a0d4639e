"""The whole way, as people go it: a real browser, a real ASGI server, real workers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, Locator, Page, expect

from capabilities.people.models import Organisation, Person
from capabilities.product_management.services import ProductManagementService
from engagement.models import AppNotification
from tests.browser import Web, browser, log_in, picture
from tests.cluster import Watched
from tests.conftest import need
from tests.polling import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.cluster]


class People:
    """Pages in which people are logged in, each in a browser context of their own."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self._chromium, self.url = chromium, url
        self.complaints: list[str] = []

    def page(self, name: str, **context: Any) -> Page:
        """Return a page of this person; what the browser complains of is kept."""
        page = self._chromium.new_context(**context).new_page()
        page.on("pageerror", lambda error: self._note(name, str(error)))
        page.on("console", lambda said: self._note(name, said.text if said.type == "error" else ""))
        log_in(page, self.url, name)
        return page

    def _note(self, name: str, complaint: str) -> None:
        if complaint:
            self.complaints.append(f"{name}: {complaint}")


@pytest.fixture
def people(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """A running installation with the demo's people, and a browser."""
    chromium = need("chromium")
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with Watched(), Web() as web, browser(chromium) as found:
        everybody = People(found, web.url)
        yield everybody
        connections.close_all()
    assert everybody.complaints == []


def reload_until(page: Page, text: str) -> None:
    """Reload the inbox until it shows this text."""

    def shown() -> bool:
        page.reload()
        return page.get_by_text(text).count() > 0

    eventually(shown, timeout=15, what=text)


def test_a_product_is_created_and_the_other_managers_hear_of_it(people: People) -> None:
    alice, bob = people.page("alice"), people.page("bob")
    expect(bob.get_by_text("Nothing here yet.")).to_be_visible()
    picture(bob, "empty")

    alice.get_by_role("link", name="Products").click()
    alice.get_by_role("link", name="New product").click()
    alice.get_by_label("Name").fill("Kite <b>2000</b>")
    alice.get_by_label("Whose it is").select_option("Kite Works")
    picture(alice, "new-product")
    alice.get_by_role("button", name="Create").click()
    expect(alice.get_by_text("is live. Its managers are being notified.")).to_be_visible()

    reload_until(bob, "Alice Arden created Kite <b>2000</b>")
    expect(bob).to_have_title("(1) Inbox · Carillon")
    expect(bob.get_by_text("because you manage this product or its organisation")).to_be_visible()

    bob.get_by_role("button", name="Unread: Alice Arden created").click()
    expect(bob.get_by_role("heading", name="Kite <b>2000</b>")).to_be_visible()
    expect(bob).to_have_title("Kite <b>2000</b> · Carillon")

    bob.get_by_role("link", name="Inbox").click()
    bob.get_by_role("button", name="Mark unread").click()
    expect(bob).to_have_title("(1) Inbox · Carillon")
    bob.get_by_role("button", name="Mark all as read").click()
    expect(bob.get_by_text("1 notification marked as read.")).to_be_visible()
    expect(bob).to_have_title("Inbox · Carillon")

    alice.goto(f"{people.url}/inbox/")
    reload_until(alice, "Your product Kite <b>2000</b> is live")


def test_a_day_of_work_reads_well(people: People) -> None:
    """Several people at work; the picture of the README."""
    organisation, managers = Organisation.objects.get(), Person.objects.in_bulk(field_name="username")
    create, update = ProductManagementService.create_product, ProductManagementService.update_product
    parafoil = create({"name": "Parafoil 40"}, managers["bob"], organisation)
    create({"name": "Storm kite"}, managers["alice"], organisation)
    update(
        parafoil, {"description": "Flies in anything.", "website": "https://kites.example"}, managers["alice"]
    )
    create({"name": "Line winder"}, managers["carol"], organisation)
    bob = people.page("bob")
    eventually(
        lambda: AppNotification.objects.filter(person=managers["bob"]).count() == 4,
        what="Bob was told of all",
    )
    bob.reload()
    bob.get_by_role("button", name="Mark read : Your product Parafoil 40 is live").click()
    titles = bob.locator(".notifications .title").all_inner_texts()
    assert sorted(title.removeprefix("Unread:").strip() for title in titles) == [
        "Alice Arden created Storm kite",
        "Alice Arden updated Parafoil 40",
        "Carol Cheng created Line winder",
        "Your product Parafoil 40 is live",
    ]
    expect(bob).to_have_title("(3) Inbox · Carillon")
    picture(bob, "inbox")


def test_it_works_with_the_keyboard_alone_on_a_phone_in_the_dark_without_javascript(
    people: People,
) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "java_script_enabled": False}
    alice = people.page("alice", **phone)
    alice.goto(f"{people.url}/products/new/")
    alice.get_by_label("Name").focus()
    alice.keyboard.type("Kite")
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", name="Kite")).to_be_visible()
    alice.goto(f"{people.url}/inbox/")
    reload_until(alice, "Your product Kite is live")
    picture(alice, "phone-dark")
    title = alice.get_by_role("button", name="Your product Kite is live").first
    title.focus()
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", name="Kite")).to_be_visible()
    width = alice.get_by_role("main").bounding_box()
    assert width
    assert width["width"] <= 360


def test_preferences_mutes_and_reasons_with_the_keyboard_alone_and_without_javascript(people: People) -> None:
    organisation, managers = Organisation.objects.get(), Person.objects.in_bulk(field_name="username")
    kite = ProductManagementService.create_product({"name": "Kite"}, managers["alice"], organisation)
    page = people.page("bob", java_script_enabled=False)
    reload_until(page, "Alice Arden created Kite")

    # Preferences: no mail about products, and nothing at all when one is created.
    go_by_keyboard(page, "link", "Preferences")
    page.get_by_role("group", name="Everything in this category").nth(0).get_by_label("As usual").focus()
    page.keyboard.press("ArrowRight")
    summary = page.locator("#category-product > details > summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.locator("#type-product\\.created").get_by_label("As usual").focus()
    for _step in range(4):
        page.keyboard.press("ArrowRight")
    press(page, page.locator("#category-product").get_by_role("button", name="Save"))
    expect(page.get_by_role("status")).to_have_text("Your choices for Product are saved.")
    expect(page.get_by_role("status")).to_be_in_viewport()
    expect(page.locator("#category-product").get_by_label("Apps").first).to_be_checked()
    expect(page.locator("#type-product\\.created").get_by_label("None")).to_be_checked()
    picture(page, "preferences")

    # Mute it, from the notification.
    go_by_keyboard(page, "link", "Inbox", within=".sections")
    press(page, page.locator(".menu summary").first)
    press(page, page.get_by_role("button", name="For a week"))
    expect(page.get_by_role("status")).to_contain_text("This product is muted until")

    # Why did I get this?
    press(page, page.locator(".menu summary").first)
    go_by_keyboard(page, "link", "Why did I get this?")
    expect(page.get_by_text("because you manage this product or its organisation.")).to_be_visible()
    picture(page, "why")

    # Why didn't I get that? One is muted, of the other I want none.
    update, create = ProductManagementService.update_product, ProductManagementService.create_product
    update(kite, {"description": "It flies."}, managers["alice"])
    create({"name": "Storm kite"}, managers["alice"], organisation)
    go_by_keyboard(page, "link", "Activity")
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    reload_until(page, "not chosen")
    reload_until(page, "muted")
    picture(page, "activity")
    go_by_keyboard(page, "link", "Product created")
    press(page, page.get_by_role("link", name="Choose for “Product created”").first)
    expect(page.locator("#type-product\\.created")).to_be_in_viewport()
    press(page, page.get_by_role("link", name="Muted", exact=True))
    press(page, page.get_by_role("button", name="Unmute"))
    expect(page.get_by_role("status")).to_have_text("You will hear of it again.")
    expect(page.get_by_text("Nothing is muted.")).to_be_visible()


def press(page: Page, target: Locator) -> None:
    """Activate it with the keyboard, where the focus can be seen to be on it."""
    target.focus()
    expect(target).to_be_focused()
    page.keyboard.press("Enter")


def go_by_keyboard(page: Page, role: Any, name: str, within: str = "main") -> None:
    """Walk to a link with the tabulator, as people do, and follow it."""
    target = page.locator(within).get_by_role(role, name=name, exact=True).first
    for _step in range(80):
        page.keyboard.press("Tab")
        if target.and_(page.locator(":focus")).count():
            break
    press(page, target)
