"""Every page: what somebody meets who is signed out, out of date, or on a phone."""

from collections.abc import Iterator

import pytest
from django.contrib.staticfiles import finders
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, expect

from capabilities.people.models import Person
from engagement.models import AppNotification
from tests.browser import Web, browser, log_in
from tests.conftest import need
from tests.engagement.samples import notified

pytestmark = pytest.mark.django_db

INBOX = "/inbox/"
CHANGES = ["/inbox/{}/open/", "/inbox/{}/read/", "/inbox/{}/unread/", "/inbox/read/"]


# What changes something is a POST


@pytest.mark.parametrize("place", CHANGES)
def test_a_click_after_the_session_has_expired_leads_to_the_inbox(
    client: Client, alice: Person, place: str
) -> None:
    row = notified(alice)
    answer = client.post(place.format(row.pk))
    assert answer["Location"] == f"/login/?next={INBOX}"
    answer = client.post(answer["Location"], {"username": "alice", "password": "carillon"}, follow=True)
    assert answer.redirect_chain == [(INBOX, 302)]
    assert answer.status_code == 200
    assert row.title in answer.content.decode()


@pytest.mark.parametrize("place", CHANGES)
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_get_of_what_changes_something_changes_nothing_and_leads_to_the_inbox(
    client: Client, alice: Person, place: str, method: str
) -> None:
    client.force_login(alice)
    unread, read = notified(alice), notified(alice)
    read.mark_as_read()
    before = list(AppNotification.objects.values())
    for row in (unread, read):
        answer = getattr(client, method)(place.format(row.pk))
        assert (answer.status_code, answer["Location"]) == (302, INBOX)
    assert list(AppNotification.objects.values()) == before


@pytest.mark.parametrize("place", CHANGES)
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_another_method_is_refused(client: Client, alice: Person, place: str, method: str) -> None:
    client.force_login(alice)
    assert getattr(client, method)(place.format(notified(alice).pk)).status_code == 405


# Pages that are nobody's


def test_a_page_that_was_out_of_date_says_so(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "alice", "password": "carillon"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "This page was out of date. Go back and try again." in text
    assert 'rel="stylesheet"' in text
    assert "<script>" not in text


def test_the_icon_is_found_where_browsers_look_for_it(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/engagement/bell.svg")
    assert finders.find("engagement/bell.svg")


# On a phone


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
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_one_sees_as_whom_one_is_logged_in(alice: Person, chromium: Browser, width: int) -> None:
    with Web() as web:
        page = chromium.new_page(viewport={"width": width, "height": 844})
        log_in(page, web.url, "alice")
        expect(page.get_by_text("Alice Arden")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
