"""The whole demo: a real browser, real workers, and the far ends on the web server that is looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from capabilities.people.models import Organisation
from project.tryit.load import load
from project.tryit.sms import PATH
from tests.browser import Web, browser, picture
from tests.cluster import Watched
from tests.conftest import need
from tests.polling import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.cluster]

#: Workers of a busy machine take their time.
SLOWLY = 30_000


@pytest.fixture
def site(
    organisation: Organisation, demo: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A running demo; give its address."""
    own: dict[str, object] = {"TRYIT": tmp_path / "tryit", "MAILBOX": tmp_path / "mail"}
    own |= {"EMAIL_BACKEND": demo.EMAIL_BACKEND, "SMS_PROVIDER": PATH}
    for name, value in own.items():
        monkeypatch.setenv(f"TEST_{name}", str(value))
    with Web() as web:
        host = f"127.0.0.1:{web.port}"
        demo.ENGAGEMENT_NOTIFICATION_SERVICE_URL = f"http://{host}/tryit/gateway"
        demo.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = [host]
        load(f"http://{host}")
        for name, address in {
            "SITE_URL": f"{web.url}",
            "NOTIFICATION_SERVICE_URL": f"http://{host}/tryit/gateway",
            "WEBHOOK_ALLOWED_HOSTS": host,
        }.items():
            monkeypatch.setenv(f"TEST_{name}", address)
        with Watched("events", "delivery"):
            yield f"{web.url}/tryit/"


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser."""
    program = need("chromium")
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with browser(program) as found:
        yield found
        connections.close_all()


def create_as_alice(page: Page, name: str) -> None:
    page.get_by_label("New product of Kite Works").first.fill(name)
    page.get_by_role("button", name="Create as Alice").click()
    expect(page.get_by_role("status")).to_have_text(f"Alice Arden created {name}.")


def test_what_alice_does_appears_by_itself_wherever_it_goes(site: str, chromium: Browser) -> None:
    complaints: list[str] = []
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(site)
    picture(page, "tryit-empty")
    create_as_alice(page, "Kite <b>1</b>")
    alice, bob = page.get_by_role("region", name="Alice Arden"), page.get_by_role("region", name="Bob Byrne")
    expect(bob.locator(".notifications")).to_contain_text("Alice Arden created Kite <b>1</b>", timeout=SLOWLY)
    expect(bob.locator(".badge")).to_have_text("1")
    expect(bob.locator(".bubble")).to_contain_text("Alice Arden created Kite <b>1</b>", timeout=SLOWLY)
    mail = bob.frame_locator("iframe").get_by_role("heading", name="New product: Kite <b>1</b>")
    expect(mail).to_be_visible(timeout=SLOWLY)
    expect(alice.locator(".toast")).to_contain_text("Your product Kite <b>1</b> is live", timeout=SLOWLY)
    expect(alice.get_by_text("verified signature")).to_be_visible(timeout=SLOWLY)
    expect(alice.get_by_role("group", name="Request")).to_contain_text('"type": "product.created"')
    expect(page.locator(".path .done")).to_have_count(6, timeout=SLOWLY)
    picture(page, "tryit")
    bob.locator(".email").get_by_role("link", name="why").click()
    expect(page.get_by_role("heading", name="Why did Bob get this?")).to_be_visible()
    assert complaints == []


def test_without_javascript_one_looks_again(site: str, chromium: Browser) -> None:
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, color_scheme="dark"
    )
    page = context.new_page()
    page.goto(site)
    create_as_alice(page, "Kite")

    def is_there() -> bool:
        page.get_by_role("link", name="Look again").click()
        return page.locator(".bubble").count() > 0 and page.locator(".toast").count() > 0

    eventually(is_there, timeout=30, what="the text message and the push notification")
    picture(page, "tryit-390")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_while_the_mail_server_is_down_one_sees_the_attempts_and_then_the_mail(
    site: str, chromium: Browser
) -> None:
    page = chromium.new_context().new_page()
    page.goto(site)
    page.get_by_role("button", name="Stop the mail server").click()
    create_as_alice(page, "Kite")
    bob = page.get_by_role("region", name="Bob Byrne")
    mail = bob.locator(".waiting").filter(has_text="New product")
    expect(mail).to_contain_text("Out of order, for the sake of the demo.", timeout=SLOWLY)
    page.get_by_role("button", name="Start the mail server again").click()
    expect(bob.locator(".letter")).to_have_count(1, timeout=SLOWLY)
    expect(bob.get_by_text("in vain")).to_be_visible()
