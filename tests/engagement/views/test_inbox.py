"""The pages of the inbox."""

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from capabilities.people.models import Person
from engagement.models import AppNotification
from engagement.mutes import mute
from engagement.preferences import set_settings
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db

INBOX = "/inbox/"
ON_ONE = ["open", "read", "unread"]
NO_BADGE = '<span class="badge" data-badge hidden></span>'
METHODS = ["get", "post", "put", "patch", "delete", "head", "options"]


def url(name: str, pk: Any) -> str:
    return f"/inbox/{pk}/{name}/"


def titles(text: str) -> list[str]:
    """Return the titles in the order in which they are listed."""
    return re.findall(
        r'<button class="title"[^>]*>(?:<span.*?</span></span>)?<bdi>(.*?)</bdi></button>', text
    )


def field(text: str, name: str) -> str | None:
    """Return the value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', text)
    return html.unescape(found[1]) if found else None


# Who may


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "place", [INBOX, "/inbox/read/", "/inbox/1/open/", "/inbox/1/read/", "/inbox/1/unread/"]
)
def test_one_must_be_logged_in(client: Client, alice: Person, place: str, method: str) -> None:
    row = notified(alice)
    answer = getattr(client, method)(place.replace("1", str(row.pk)))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/?next=/inbox/")
    row.refresh_from_db()
    assert not row.is_read


@pytest.mark.parametrize("name", ON_ONE)
@pytest.mark.parametrize("method", METHODS)
def test_somebody_elses_is_not_there_and_does_not_change(
    page: Client, bob: Person, name: str, method: str
) -> None:
    unread, read = notified(bob, "private"), notified(bob, "private too")
    read.mark_as_read()
    before = list(AppNotification.objects.values())
    for row in (unread, read):
        answer = getattr(page, method)(url(name, row.pk))
        assert answer.status_code == {"post": 404, "get": 302, "head": 302}.get(method, 405)
        assert b"private" not in answer.content
    assert list(AppNotification.objects.values()) == before


def test_somebody_elses_are_not_listed_nor_counted(page: Client, bob: Person) -> None:
    notified(bob, "private")
    text = page.get(INBOX).content.decode()
    assert "private" not in text
    assert NO_BADGE in text
    assert "Nothing here yet." in text


def test_marking_all_as_read_touches_nobody_elses(page: Client, bob: Person) -> None:
    theirs = notified(bob)
    page.post("/inbox/read/", {"up_to": theirs.pk})
    theirs.refresh_from_db()
    assert not theirs.is_read


@pytest.mark.parametrize("pk", [0, 999_999, 2**63 - 1, 2**63, 2**64, 10**30, "9" * 5_000])
@pytest.mark.parametrize("name", ON_ONE)
def test_an_id_that_there_is_not_is_not_found(page: Client, name: str, pk: int | str) -> None:
    assert page.post(url(name, pk)).status_code == 404


@pytest.mark.parametrize("pk", ["-1", "abc", "1.5", "%00", "1%20or%201=1", "\u0661"])
@pytest.mark.parametrize("name", ON_ONE)
def test_what_is_no_id_is_not_found(page: Client, name: str, pk: str) -> None:
    assert page.post(url(name, pk)).status_code == 404


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete"])
@pytest.mark.parametrize("name", [*ON_ONE, "read-all"])
def test_what_changes_something_is_a_post(page: Client, alice: Person, name: str, method: str) -> None:
    row = notified(alice)
    place = reverse(f"engagement:{name}", args=[] if name == "read-all" else [row.pk])
    assert getattr(page, method)(place).status_code == (302 if method in {"get", "head"} else 405)
    row.refresh_from_db()
    assert not row.is_read


@pytest.mark.parametrize("name", [*ON_ONE, "read-all"])
def test_a_post_without_a_csrf_token_is_refused(alice: Person, name: str) -> None:
    browser, row = Client(enforce_csrf_checks=True), notified(alice)
    if name == "unread":
        row.mark_as_read()
    browser.force_login(alice)
    before = list(AppNotification.objects.values())
    place = reverse(f"engagement:{name}", args=[] if name == "read-all" else [row.pk])
    assert browser.post(place).status_code == 403
    assert list(AppNotification.objects.values()) == before


def test_the_forms_of_the_page_carry_the_token(alice: Person) -> None:
    browser, row = Client(enforce_csrf_checks=True), notified(alice)
    browser.force_login(alice)
    text = browser.get(INBOX).content.decode()
    assert len(re.findall('method="post"', text)) == len(re.findall("csrfmiddlewaretoken", text)) >= 3
    token = field(text, "csrfmiddlewaretoken")
    assert browser.post(url("read", row.pk), {"csrfmiddlewaretoken": token}).status_code == 302
    row.refresh_from_db()
    assert row.is_read


def test_the_page_is_not_cached(page: Client) -> None:
    assert "no-store" in page.get(INBOX)["Cache-Control"]


def test_the_page_answers_head(page: Client) -> None:
    assert page.head(INBOX).status_code == 200


# The list


def test_the_list_is_newest_first(page: Client, alice: Person) -> None:
    for title in ("first", "second", "third"):
        notified(alice, title)
    assert titles(page.get(INBOX).content.decode()) == ["third", "second", "first"]


def test_a_row_shows_what_happened_and_why(page: Client, alice: Person) -> None:
    row = notified(alice, "Kite was told", message="one\ntwo", reason="you are on the list")
    text = page.get(INBOX).content.decode()
    assert "one<br>two" in text
    assert "because you are on the list" in text
    assert f'<time datetime="{row.created_at:%Y-%m-%dT%H:%M}' in text


@pytest.mark.parametrize(("unread", "badge"), [(1, "1"), (99, "99"), (100, "99+")])
def test_the_badge_counts_the_unread(page: Client, alice: Person, unread: int, badge: str) -> None:
    fill_inbox(alice, unread)
    text = page.get(INBOX).content.decode()
    assert f'<span class="badge" aria-label="{badge} unread">{badge}</span>' in text
    assert f"<title>({badge}) Inbox" in text


def test_there_is_no_badge_when_all_is_read(page: Client, alice: Person) -> None:
    notified(alice).mark_as_read()
    text = page.get(INBOX).content.decode()
    assert NO_BADGE in text
    assert "data-unread hidden>Mark all as read" in text
    assert "<title>Inbox" in text


def test_the_unread_can_be_shown_alone(page: Client, alice: Person) -> None:
    notified(alice, "unread")
    notified(alice, "read").mark_as_read()
    assert titles(page.get(INBOX, {"show": "unread"}).content.decode()) == ["unread"]
    assert titles(page.get(INBOX, {"show": "anything"}).content.decode()) == ["read", "unread"]


def test_an_inbox_with_nothing_unread_says_so(page: Client, alice: Person) -> None:
    notified(alice).mark_as_read()
    assert "Nothing unread. Well done." in page.get(INBOX, {"show": "unread"}).content.decode()


def test_what_was_put_away_is_not_listed(page: Client, alice: Person) -> None:
    AppNotification.objects.filter(pk=notified(alice).pk).update(archived_at=timezone.now())
    assert titles(page.get(INBOX).content.decode()) == []


@pytest.mark.parametrize("show", ["", "unread"])
def test_older_ones_are_a_page_away(page: Client, alice: Person, show: str) -> None:
    fill_inbox(alice, 120)
    seen, place = [], f"{INBOX}?show={show}"
    for _ in range(3):
        text = page.get(place).content.decode()
        seen += titles(text)
        older = re.search(r'id="older" href="([^"]*)"', text)
        place = INBOX + html.unescape(older[1]) if older else ""
        assert not older or ("show=unread" in place) == (show == "unread")
    assert seen == [f"Number {number}" for number in reversed(range(120))]
    assert place == ""


GARBAGE = [
    "",
    "abc",
    "-1",
    "1.5",
    "0x10",
    "1e9",
    "\u0661\u0662",
    "²",
    "\0",
    "1 or 1=1",
    str(2**63),
    str(2**200),
    "9" * 4_000,
]


@pytest.mark.parametrize("before", GARBAGE)
def test_a_before_that_is_no_id_is_ignored(page: Client, alice: Person, before: str) -> None:
    notified(alice, "here")
    answer = page.get(INBOX, {"before": before})
    assert answer.status_code == 200
    assert titles(answer.content.decode()) == ["here"]


@pytest.mark.parametrize("up_to", GARBAGE)
def test_an_up_to_that_is_no_id_is_harmless(page: Client, alice: Person, up_to: str) -> None:
    notified(alice)
    assert page.post("/inbox/read/", {"up_to": up_to}).status_code == 302


def test_thousands_of_digits_are_ignored_too(page: Client, alice: Person) -> None:
    notified(alice, "here")
    assert titles(page.get(INBOX, {"before": "9" * 5_000}).content.decode()) == ["here"]


def test_thousands_of_digits_are_harmless_in_a_post(page: Client, alice: Person) -> None:
    assert page.post("/inbox/read/", {"up_to": "9" * 5_000}).status_code == 302


def test_the_page_takes_as_many_queries_for_200_as_for_one(
    page: Client, alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill_inbox(alice, 1)
    with CaptureQueriesContext(connection) as captured:
        page.get(INBOX)
    fill_inbox(alice, 199)
    with django_assert_num_queries(len(captured)):
        page.get(INBOX)
    assert len(captured) <= 5


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</button></form><form action=//evil>",
    "{{ request.user.password }}{% debug %}",
    "&lt;b&gt;",
    "'onmouseover='alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_is_escaped(page: Client, alice: Person, text: str) -> None:
    notified(alice, text, message=text, reason=text)
    shown = page.get(INBOX).content.decode()
    assert shown.count(html.escape(text)) == 7
    assert "<script>" not in shown
    assert "<img src=x" not in shown
    assert titles(shown) == [html.escape(text)]


def test_the_address_of_the_page_is_escaped(page: Client, alice: Person) -> None:
    notified(alice)
    shown = page.get(INBOX + '?show="><script>alert(1)</script>').content.decode()
    assert "<script>" not in shown


# What can be asked of each


def test_each_leads_to_why_it_came(page: Client, alice: Person) -> None:
    row = notified(alice)
    assert f'<a href="/inbox/{row.pk}/why/">Why did I get this?</a>' in page.get(INBOX).content.decode()


def test_what_is_about_an_object_can_be_muted(page: Client, alice: Person) -> None:
    row, other = notified(alice, about="product_management.product:7"), notified(alice)
    text = page.get(INBOX).content.decode()
    assert text.count("Mute this product") == 1
    assert f'action="/inbox/{row.pk}/mute/"' in text
    assert f'action="/inbox/{other.pk}/mute/"' not in text


def test_what_is_muted_says_so_and_can_be_unmuted(page: Client, alice: Person, bob: Person) -> None:
    notified(alice, about="product_management.product:7")
    mute(bob, "product_management.product:7")
    assert "Unmute" not in page.get(INBOX).content.decode()
    mute(alice, "product_management.product:7")
    text = page.get(INBOX).content.decode()
    assert "You have muted this product." in text
    assert "Mute this product" not in text


def test_the_other_pages_are_a_link_away(page: Client) -> None:
    text = page.get(INBOX).content.decode()
    assert '<a href="/inbox/activity/" >Activity</a>' in text
    assert '<a href="/inbox/preferences/" >Preferences</a>' in text


# Open


def test_opening_marks_as_read_and_goes_there(page: Client, alice: Person) -> None:
    row = notified(alice, url="/products/7/")
    answer = page.post(url("open", row.pk))
    assert (answer.status_code, answer["Location"]) == (302, "/products/7/")
    row.refresh_from_db()
    assert row.is_read


def test_opening_what_was_read_goes_there_again(page: Client, alice: Person) -> None:
    row = notified(alice, url="/products/7/")
    row.mark_as_read()
    assert page.post(url("open", row.pk))["Location"] == "/products/7/"


ELSEWHERE = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example/",
    "http://evil.example/",
    "https://evil.example/",
    "http:evil.example",
    "http:///evil.example",
    "HTTP://EVIL.EXAMPLE/",
    "ftp://testserver/",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "http://testserver:8000/",
    "http://[::1/",
    "\x01//evil.example",
    "\t//evil.example",
    "mailto:x@evil.example",
    "",
]
HERE = [
    "/products/7/",
    "/products/7/?tab=2&x=http://evil.example/#top",
    "http://testserver/products/7/",
    "./7/",
    "../products/7/",
    "7/",
    "/produkte/Größe/",
]


@pytest.mark.parametrize("there", ELSEWHERE)
def test_a_notification_leads_nowhere_else(page: Client, alice: Person, there: str) -> None:
    row = notified(alice, url=there)
    assert page.post(url("open", row.pk))["Location"] == INBOX
    row.refresh_from_db()
    assert row.is_read


@pytest.mark.parametrize("here", HERE)
def test_a_notification_leads_to_places_here(page: Client, alice: Person, here: str) -> None:
    answer = page.post(url("open", notified(alice, url=here).pk))
    assert answer["Location"] == here.replace("ö", "%C3%B6").replace("ß", "%C3%9F")


@pytest.mark.parametrize("here", ["?show=unread", "#top", "products"])
def test_an_address_without_a_slash_is_an_address_too(page: Client, alice: Person, here: str) -> None:
    assert page.post(url("open", notified(alice, url=here).pk))["Location"] == here


def test_an_address_is_no_name_of_a_view(page: Client, alice: Person) -> None:
    assert page.post(url("open", notified(alice, url="logout").pk))["Location"] == "logout"


def test_a_notification_leads_to_hosts_that_are_allowed(
    page: Client, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_ALLOWED_HOSTS = ["shop.example"]
    row = notified(alice, url="https://shop.example/7/")
    assert page.post(url("open", row.pk))["Location"] == "https://shop.example/7/"


def test_a_secure_page_does_not_lead_to_an_insecure_one(page: Client, alice: Person) -> None:
    row = notified(alice, url="http://testserver/products/7/")
    assert page.post(url("open", row.pk), secure=True)["Location"] == INBOX


# Read and unread


def test_one_is_marked_as_read_and_as_unread(page: Client, alice: Person) -> None:
    row, other = notified(alice), notified(alice)
    assert page.post(url("read", row.pk))["Location"] == INBOX
    row.refresh_from_db()
    assert row.is_read
    assert page.post(url("unread", row.pk))["Location"] == INBOX
    row.refresh_from_db()
    other.refresh_from_db()
    assert not row.is_read
    assert not other.is_read


@pytest.mark.parametrize("name", ["read", "unread"])
def test_marking_returns_to_the_list_that_was_shown(page: Client, alice: Person, name: str) -> None:
    row = notified(alice)
    text = page.get(INBOX, {"show": "unread"}).content.decode()
    back = field(text, "next")
    assert back == "/inbox/?show=unread"
    assert page.post(url(name, row.pk), {"next": back})["Location"] == back


@pytest.mark.parametrize("there", ELSEWHERE)
def test_marking_returns_nowhere_else(page: Client, alice: Person, there: str) -> None:
    assert page.post(url("read", notified(alice).pk), {"next": there})["Location"] == INBOX


def test_marking_returns_to_any_address_here(page: Client, alice: Person) -> None:
    assert page.post(url("read", notified(alice).pk), {"next": "?show=unread"}).status_code == 302


def test_all_are_marked_as_read(page: Client, alice: Person) -> None:
    fill_inbox(alice, 60)
    text = page.get(INBOX).content.decode()
    answer = page.post("/inbox/read/", {"up_to": field(text, "up_to") or ""}, follow=True)
    assert answer.redirect_chain == [(INBOX, 302)]
    assert "60 notifications marked as read." in answer.content.decode()
    assert not AppNotification.objects.unread().exists()


def test_marking_all_when_nothing_is_unread_says_so(page: Client) -> None:
    assert "There was nothing unread." in page.post("/inbox/read/", follow=True).content.decode()


def mark_all_on(page: Client, alice: Person, place: str) -> list[str]:
    """Show a page, let one more arrive, press the button; return what is unread then."""
    text = page.get(place).content.decode()
    notified(alice, "arrived since")
    up_to = field(text, "up_to")
    page.post("/inbox/read/", {} if up_to is None else {"up_to": up_to})
    return list(AppNotification.objects.unread().values_list("title", flat=True))


def test_what_arrived_since_stays_unread(page: Client, alice: Person) -> None:
    fill_inbox(alice, 3)
    assert mark_all_on(page, alice, INBOX) == ["arrived since"]


@pytest.mark.parametrize("place", ["?show=unread", "?before=older", "?before=garbage"])
def test_what_arrived_since_stays_unread_on_every_page(page: Client, alice: Person, place: str) -> None:
    rows = fill_inbox(alice, 60)
    assert mark_all_on(page, alice, INBOX + place.replace("older", str(rows[10].pk))) == ["arrived since"]


def test_moments_are_in_the_persons_time(alice: Person, client: Client) -> None:
    set_settings(alice, time_zone="Asia/Kathmandu")
    row = notified(alice)
    AppNotification.objects.filter(pk=row.pk).update(created_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    client.force_login(alice)
    assert "5:45 p.m." in client.get("/inbox/").content.decode()
