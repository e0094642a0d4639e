"""Choosing digests, opting out, adding addresses as people do: in a real browser, with the keyboard, with and without
JavaScript.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.links import unsubscribe_token
from engagement.models import (
    Endpoint,
    NotificationPreference,
    NotificationRule,
    NotificationSettings,
    Suppression,
)
from engagement.registration import add, register_device
from tests.browser import Web, browser, log_in, picture
from tests.conftest import need

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

Opens = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "java_script_enabled": False}


@pytest.fixture
def opens(alice: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opens]:
    """Return a function that opens a page of a running site; what the browser complains of fails the test."""
    chromium, complaints = need("chromium"), []
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with Web() as web, browser(chromium) as found:

        def opens(path: str, person: str = "", **context: Any) -> Page:
            page = found.new_context(**context).new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            if person:
                log_in(page, web.url, person)
            page.goto(f"{web.url}{path}")
            return page

        yield opens
        connections.close_all()
    assert complaints == []


def fits(page: Page) -> bool:
    """Tell whether nothing sticks out at the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def stored(person: Person) -> dict[str, tuple[str, str]]:
    rows = NotificationPreference.objects.filter(person=person)
    return {row.event_type or row.category: (row.type, row.digest) for row in rows}


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desktop", "phone"])
def test_a_digest_and_its_hour_are_chosen_with_the_keyboard(
    opens: Opens, alice: Person, context: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    NotificationRule.objects.create(category="product", digest="hourly")
    page = opens("/inbox/preferences/", "alice", **context)
    mails = page.get_by_role("group", name=re.compile(r"^Mails\s?: Product$"))
    mails.get_by_label("As usual").focus()
    for _step in range(3):
        page.keyboard.press("ArrowRight")
    expect(mails.get_by_label("Daily digest")).to_be_checked()
    page.locator("#category-product").get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your choices for Product are saved.")
    expect(mails.get_by_label("Daily digest")).to_be_checked()

    page.goto(page.url.partition("?")[0].partition("#")[0] + "settings/")
    page.get_by_label("Hour of the daily digest").focus()
    page.keyboard.type("00:00")
    page.locator("#settings").get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your settings are saved.")
    expect(page.get_by_label("Hour of the daily digest")).to_have_value("0")
    assert stored(alice) == {"product": ("", "daily")}
    assert NotificationSettings.objects.get().digest_hour == 0
    assert fits(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert fits(page)
    picture(page, f"digests-{request.node.callspec.id}")


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desktop", "phone"])
def test_one_opts_out_by_the_link_in_a_mail_and_undoes_it(
    opens: Opens, alice: Person, context: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["email"])
    name = request.node.callspec.id
    token = unsubscribe_token(alice.pk, ["product", "test"])
    page = opens(reverse("engagement:unsubscribe", args=[token]), **context)
    expect(page.get_by_text("Do you want no more mails about Product and Test?")).to_be_visible()
    picture(page, f"unsubscribe-{name}")
    assert stored(alice) == {}
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Unsubscribe").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    picture(page, f"unsubscribed-{name}")
    assert stored(alice) == {"product": ("apps", ""), "test": ("apps", "")}
    page.reload()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    page.get_by_role("link", name="in your preferences").click()
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("carillon")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#category-product").get_by_label("Apps").first).to_be_checked()


def test_an_address_that_must_not_be_used_is_said_on_the_page(opens: Opens, alice: Person) -> None:
    Suppression.objects.create(
        channel="email", endpoint=alice.email, cause="bounce", reason="550 5.1.1 No such user here"
    )
    for name, context in (("desktop", {}), ("phone", PHONE)):
        page = opens("/inbox/preferences/", "alice", **context)
        expect(page.get_by_text("No mails are sent to alice@kiteworks.example.")).to_be_visible()
        picture(page, f"suppressed-{name}")


@pytest.fixture
def with_webhooks(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Let the site know where it is, without which it sends nothing."""
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    monkeypatch.setenv("TEST_SITE_URL", "https://carillon.example")


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desktop", "phone"])
def test_an_address_is_added_with_the_keyboard_and_its_secret_is_seen_once(
    with_webhooks: None, opens: Opens, alice: Person, context: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    page = opens("/inbox/preferences/", "alice", **context)
    page.get_by_role("link", name="Your devices and addresses").click()
    expect(page.get_by_role("heading", name="Devices and addresses")).to_be_visible()
    form = page.get_by_role("form", name="Add: Webhook")
    form.get_by_label("Address").focus()
    page.keyboard.type("example.org")
    page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("It was not added.")
    expect(form.get_by_label("Address")).to_have_value("example.org")
    picture(page, f"endpoints-wrong-{name}")
    form.get_by_label("Address").fill("https://example.org/a-rather-long-address-of-a-hook/" + "x" * 60)
    form.get_by_label("Name, if you like").fill("My shop")
    page.keyboard.press("Enter")
    secret = page.get_by_role("alert").locator("code")
    expect(secret).to_contain_text("whsec_")
    expect(secret).to_have_text(Endpoint.objects.get().secret)
    assert fits(page)
    picture(page, f"endpoints-secret-{name}")
    page.goto(page.url.replace("add/", ""))
    expect(page.get_by_role("heading", name="My shop")).to_be_visible()
    assert "whsec_" not in page.content()

    page.get_by_role("button", name=re.compile(r"^Send a test\s?: My shop$")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("A test is on its way.")
    page.locator("summary", has_text="Change").focus()
    page.keyboard.press("Enter")
    picture(page, f"endpoints-{name}")
    page.set_viewport_size({"width": 320, "height": 640})
    assert fits(page)
    picture(page, f"endpoints-narrow-{name}")
    page.get_by_role("button", name=re.compile(r"^Remove\s?: My shop$")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("It is removed.")
    assert not Endpoint.objects.exists()


def test_numbers_and_devices_have_room_on_a_phone(with_webhooks: None, opens: Opens, alice: Person) -> None:
    add(alice, "webhook", "https://example.org/hook", label="My shop")
    register_device(alice, "push", "x" * 160, label="A telephone with a name of many words")
    Endpoint.objects.create(person=alice, channel="sms", value="+9779812345678")
    for name, context in (("desktop", {}), ("phone", PHONE)):
        page = opens("/inbox/endpoints/", "alice", **context)
        assert fits(page)
        picture(page, f"endpoints-all-{name}")
