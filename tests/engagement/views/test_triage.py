"""The inbox in a real browser: by keyboard, by mouse, without scripts, on a phone, and live."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Locator, Page, expect

from capabilities.people.models import Person
from engagement.models import AppNotification
from tests.browser import Web, browser, log_in, picture
from tests.conftest import need
from tests.engagement.samples import fill_inbox, notified
from tests.polling import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

Opens = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True}
KITE = {"about": "product_management.product:7", "group": "product_management.product:7"}


@pytest.fixture
def opens(alice: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opens]:
    """Return a function that opens Alice's inbox; what the browser complains of fails the test."""
    chromium, complaints = need("chromium"), []
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with Web() as web, browser(chromium) as found:

        def opens(path: str = "/inbox/", **context: Any) -> Page:
            page = found.new_context(**context).new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            log_in(page, web.url, "alice")
            page.goto(f"{web.url}{path}")
            return page

        yield opens
        connections.close_all()
    assert complaints == []


def row(page: Page, title: str) -> Locator:
    return page.locator(".row", has=page.get_by_role("button", name=title).and_(page.locator(".title")))


def titles(page: Page) -> list[str]:
    return page.locator(".row .title bdi").all_text_contents()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.querySelector('bdi')?.textContent ?? ''"))


def status(page: Page) -> Locator:
    return page.locator("#messages")


def tell(page: Page, **detail: Any) -> None:
    """Let the page hear of something, as the stream does."""
    event = f"new CustomEvent('carillon:live', {{detail: {json.dumps(detail)}}})"
    page.evaluate(f"() => {{ document.dispatchEvent({event}) }}")


def test_all_is_done_by_keyboard_and_the_focus_is_never_lost(opens: Opens, alice: Person) -> None:
    rows = fill_inbox(alice, 4)
    page = opens()
    page.keyboard.press("j")
    assert focused(page) == "Number 3"
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(status(page)).to_contain_text("1 notification archived.")
    expect(page.locator(".row")).to_have_count(3)
    assert focused(page) == "Number 1"
    page.keyboard.press("u")
    expect(row(page, "Number 1")).to_have_class("row read")
    assert focused(page) == "Number 1"
    expect(page).to_have_title("(2) Inbox · Carillon")
    page.keyboard.press("k")
    assert focused(page) == "Number 3"
    page.keyboard.press("z")
    expect(row(page, "Number 1")).to_have_class("row unread")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-count]")).to_have_text("2 selected")
    page.keyboard.press("e")
    expect(page.locator(".row")).to_have_count(1)
    assert focused(page) == "Number 3"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    picture(page, "inbox-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jeux")
    expect(page.locator("#search")).to_have_value("jeux")
    expect(page.locator(".row")).to_have_count(1)
    assert AppNotification.objects.archived().count() == 3
    assert rows[3].title == "Number 3"


def test_several_are_chosen_with_shift_archived_and_brought_back(opens: Opens, alice: Person) -> None:
    fill_inbox(alice, 5)
    page = opens()
    row(page, "Number 4").get_by_role("checkbox").check()
    row(page, "Number 2").get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text("3 selected")
    picture(page, "inbox-selected")
    page.locator(".bulk").get_by_role("button", name="Archive").click()
    expect(page.locator(".row")).to_have_count(2)
    status(page).get_by_role("button", name="Undo").click()
    expect(page.locator(".row")).to_have_count(5)
    assert titles(page) == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    expect(status(page)).to_contain_text("Undone.")


def test_an_inbox_that_was_emptied_says_so_and_comes_back(opens: Opens, alice: Person) -> None:
    notified(alice, "Only one")
    page = opens("/inbox/?show=unread")
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(page.get_by_text("Nothing unread. Well done.")).to_be_visible()
    page.keyboard.press("z")
    expect(row(page, "Only one")).to_be_visible()


def test_everything_works_without_scripts(opens: Opens, alice: Person) -> None:
    fill_inbox(alice, 3)
    page = opens(java_script_enabled=False)
    row(page, "Number 2").hover()
    row(page, "Number 2").get_by_role("button", name="Archive").click()
    expect(page.locator(".row")).to_have_count(2)
    status(page).get_by_role("button", name="Undo").click()
    expect(page.locator(".row")).to_have_count(3)
    row(page, "Number 1").get_by_role("checkbox").check()
    page.locator(".bulk").get_by_role("button", name="Read").click()
    expect(row(page, "Number 1")).to_have_class("row read")
    page.locator("#show-unread").click()
    expect(page.locator(".row")).to_have_count(2)
    page.locator("#search").fill("number 2")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)


def test_filters_and_older_rows_come_without_a_reload(opens: Opens, alice: Person) -> None:
    rows = fill_inbox(alice, 60)
    rows[59].mark_as_read()
    page = opens()
    page.evaluate("window.isSame = true")
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".row")).to_have_count(60)
    assert titles(page) == [f"Number {number}" for number in reversed(range(60))]
    assert focused(page) == "Number 9"
    page.locator("#show-unread").click()
    expect(row(page, "Number 59")).to_have_count(0)
    assert "show=unread" in page.url
    assert page.evaluate("window.isSame")
    page.go_back()
    expect(row(page, "Number 59")).to_be_visible()
    assert "show" not in page.url


def test_what_arrives_is_put_in_its_place_once(opens: Opens, alice: Person, bob: Person) -> None:
    first = notified(alice, "Kite was created", **KITE)
    notified(alice, "Something else")
    page = opens()
    later, foreign = notified(alice, "Kite was sold", **KITE), notified(bob, "private")
    for _twice in range(2):
        tell(page, type="upsert", ids=[later.pk, first.pk, foreign.pk], badge="3")
        expect(row(page, "Kite was sold")).to_have_count(1)
    assert titles(page) == ["Kite was sold", "Kite was created", "Something else"]
    expect(page.locator(".fold:not([hidden]) [data-more]")).to_have_text("1")
    expect(page).to_have_title("(3) Inbox · Carillon")
    AppNotification.objects.filter(pk=later.pk).delete()
    tell(page, type="remove", ids=[later.pk], badge="2")
    expect(page.locator(".row")).to_have_count(2)
    assert titles(page) == ["Something else", "Kite was created"]


def test_nothing_moves_while_one_reads_further_down(opens: Opens, alice: Person) -> None:
    rows = fill_inbox(alice, 40)
    page = opens()
    page.evaluate("scrollTo(0, 600)")
    before = row(page, "Number 20").bounding_box()
    later = [notified(alice, f"Later {number}") for number in range(3)]
    tell(page, type="upsert", notifications=[{"id": each.pk} for each in later], badge="43")
    pill = page.get_by_role("button", name="3 new")
    expect(pill).to_be_visible()
    picture(page, "inbox-pill")
    assert row(page, "Number 20").bounding_box() == before
    tell(page, type="remove", ids=[later[0].pk], badge="42")
    later[0].delete()
    page.get_by_role("button", name="2 new").click()
    expect(page.locator(".row")).to_have_count(42)
    assert focused(page) == "Later 2"
    assert rows


def test_what_was_listed_is_seen(opens: Opens, alice: Person) -> None:
    fill_inbox(alice, 3)
    opens()
    eventually(lambda: not AppNotification.objects.filter(seen_at=None).exists(), what="all are seen")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_it_has_room_everywhere(opens: Opens, alice: Person, size: str, scheme: str) -> None:
    long = "The kite of Kite Works has a new price. " * 12
    notified(alice, "Alice Arden created Delta kite", category="product", reason="you manage Kite Works")
    notified(
        alice, "Your password was changed", category="security", message="If it was not you, tell us at once."
    )
    for number in range(4):
        notified(
            alice, f"Delta kite: change {number + 1} of its price", category="product", message=long, **KITE
        )
    notified(
        alice,
        "Carol replied in “Where to fly in winter”",
        category="community",
        message="The dunes are fine.",
    )
    AppNotification.objects.filter(title__startswith="Your").update(read_at="2026-01-01T00:00Z")
    page = opens(color_scheme=scheme, **(PHONE if size == "phone" else {}))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_text("3 more")).to_be_visible()
    picture(page, f"inbox-{size}-{scheme}")
    page.get_by_text("3 more").click()
    page.locator(".row").nth(1).hover()
    picture(page, f"inbox-unfolded-{size}-{scheme}")
