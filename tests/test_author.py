"""The page of an author in a real browser: the preview follows the keys."""

from collections.abc import Iterator

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from capabilities.people.models import Person
from engagement.models import NotificationTemplate
from tests.browser import Web, browser, log_in, picture
from tests.conftest import need
from tests.engagement.samples import published
from tests.probe.events import Told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def author(alice: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The form of a new wording, with Alice at it."""
    chromium = need("chromium")
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    Person.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    complaints: list[str] = []
    with Web() as web, browser(chromium) as found:
        page = found.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        log_in(page, web.url, "alice")
        page.goto(f"{web.url}/admin/engagement/notificationtemplate/add/")
        yield page
        connections.close_all()
    assert complaints == []


def test_an_author_sees_at_once_what_a_text_would_say_and_what_speaks_against_it(author: Page) -> None:
    published(Told(people=[], name="<b>Parafoil</b>"))
    author.get_by_label("Wording of").select_option("test.told")
    expect(author.get_by_text("list (whole number)")).to_be_visible()
    author.get_by_role("link", name="Start from the file's text").click()
    expect(author.get_by_label("Title")).to_have_value("{{ name }} was told")

    author.get_by_label("Title").fill("New: {{ name }}")
    expect(author.get_by_text("New: <b>Parafoil</b>")).to_be_visible()
    expect(author.get_by_role("status")).to_contain_text("Nothing speaks against it.")
    author.get_by_label("Message").fill("")
    expect(author.get_by_role("status")).to_contain_text("No longer used: reason, site, url.")
    picture(author, "author")

    author.get_by_label("Save all the same").check()
    author.get_by_label("Active").uncheck()
    expect(author.get_by_label("Save all the same")).to_be_checked()
    author.get_by_role("button", name="Save", exact=True).click()
    expect(author.get_by_text("was added successfully")).to_be_visible()
    assert NotificationTemplate.objects.get().title_template == "New: {{ name }}"
    assert NotificationTemplate.history.get().history_user.get_username() == "alice"
