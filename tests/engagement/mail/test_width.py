"""A mail is as wide as the screen that shows it, be that a small phone's."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from engagement.channels.base import Outgoing
from engagement.mail import compose
from tests.browser import browser
from tests.conftest import need
from tests.engagement.messages import BASE_URL, CREATED, ITEMS, digest

WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.browser
@pytest.mark.parametrize("message", [CREATED, digest(ITEMS)], ids=["one", "digest"])
def test_no_mail_is_wider_than_a_phone(message: Outgoing, settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    html = str(compose(message).alternatives[0][0])
    with browser(need("chromium")) as found:
        assert {width: _needed(found, html, width) for width in (320, 390)} == {320: 320, 390: 390}


def _needed(found: Browser, html: str, width: int) -> int:
    page = found.new_page(viewport={"width": width, "height": 740})
    page.set_content(html)
    expect(page.locator("body")).to_have_css("padding", "0px")
    return int(page.evaluate(WIDTH))
