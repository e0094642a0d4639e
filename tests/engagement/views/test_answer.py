"""Who is let in, to every page of a person."""

import re
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from capabilities.people.models import Person
from engagement.models import Mute, NotificationPreference, NotificationSettings
from tests.engagement.samples import notified

pytestmark = pytest.mark.django_db

PAGES = [
    "/inbox/1/why/",
    "/inbox/activity/",
    "/inbox/activity/1/",
    "/inbox/preferences/",
    "/inbox/preferences/muted/",
    "/inbox/preferences/settings/",
]
#: What is posted, and the page that it is posted from.
POSTED = {
    "/inbox/1/mute/": "/inbox/",
    "/inbox/unmute/": "/inbox/preferences/muted/",
    "/inbox/preferences/choices/": "/inbox/preferences/",
}
CHANGE = {
    "until": "ever",
    "about": "kite:1",
    "category": "test",
    "category-test": "none",
    "language": "de",
}


def changed() -> bool:
    """Tell whether anything is other than at the beginning."""
    kept = Mute.objects.filter(about="kite:0").exists()
    others = Mute.objects.exclude(about="kite:0").exists()
    chosen = NotificationPreference.objects.exists() or NotificationSettings.objects.exists()
    return not kept or others or chosen


@pytest.fixture(autouse=True)
def muted(alice: Person) -> None:
    Mute.objects.create(person=alice, about="kite:0")


@pytest.mark.parametrize("place", PAGES)
def test_a_page_is_shown_after_the_login(client: Client, place: str) -> None:
    assert client.get(place)["Location"] == f"/login/?next={quote(place)}"


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("place", POSTED)
def test_who_is_not_logged_in_comes_to_the_page_after_the_login(
    client: Client, alice: Person, place: str, method: str
) -> None:
    row = notified(alice, about="kite:1")
    answer = getattr(client, method)(place.replace("1", str(row.pk)), CHANGE)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={quote(POSTED[place])}")
    assert not changed()


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("place", POSTED)
def test_a_get_leads_to_the_page_and_changes_nothing(
    page: Client, alice: Person, place: str, method: str
) -> None:
    row = notified(alice, about="kite:1")
    answer = getattr(page, method)(place.replace("1", str(row.pk)), CHANGE | {"about": "kite:0"})
    assert (answer.status_code, answer["Location"]) == (302, POSTED[place])
    assert not changed()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
@pytest.mark.parametrize("place", [*PAGES, *POSTED])
def test_other_methods_are_not_allowed(page: Client, place: str, method: str) -> None:
    assert getattr(page, method)(place).status_code == 405


@pytest.mark.parametrize("place", POSTED)
def test_a_post_without_a_csrf_token_is_refused(alice: Person, place: str) -> None:
    browser, row = Client(enforce_csrf_checks=True), notified(alice, about="kite:1")
    browser.force_login(alice)
    assert browser.post(place.replace("1", str(row.pk)), CHANGE).status_code == 403
    assert not changed()


@pytest.mark.parametrize("place", ["/inbox/", *PAGES])
def test_every_form_carries_the_token_and_no_page_is_cached(page: Client, alice: Person, place: str) -> None:
    row = notified(alice, about="kite:1")
    number = row.event_id if "activity" in place else row.pk
    answer = page.get(place.replace("1", str(number)))
    text = answer.content.decode()
    posts = re.findall(r'<form[^>]*method="post"', text)
    assert len(posts) == text.count("csrfmiddlewaretoken")
    assert "no-store" in answer["Cache-Control"]
    assert not re.search(r'<script(?! type="module" src="/static/)', text)
    assert "style=" not in text


def test_every_id_is_on_a_page_once(page: Client, alice: Person) -> None:
    Mute.objects.create(person=alice, about="kite:2", label="Kite was told")
    for place in ["/inbox/preferences/", "/inbox/preferences/muted/", "/inbox/", "/inbox/activity/"]:
        ids = re.findall(r' id="([^"]*)"', page.get(place).content.decode())
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("pk", [0, 999_999, 2**63 - 1, 2**63, 10**30, "9" * 5_000, "-1", "abc", "1.5", "%00"])
@pytest.mark.parametrize("place", ["/inbox/{}/why/", "/inbox/{}/mute/", "/inbox/activity/{}/"])
def test_an_id_that_there_is_not_is_not_found(page: Client, place: str, pk: int | str) -> None:
    method = page.post if "mute" in place else page.get
    assert method(place.format(pk), CHANGE).status_code == 404
    assert not changed()


@pytest.mark.parametrize("place", ["/inbox/{}/why/", "/inbox/{}/mute/", "/inbox/activity/{}/"])
def test_somebody_elses_is_not_found_and_nothing_changes(page: Client, bob: Person, place: str) -> None:
    row = notified(bob, "private", about="kite:1")
    method = page.post if "mute" in place else page.get
    answer = method(place.format(row.event_id if "activity" in place else row.pk), CHANGE)
    assert answer.status_code == 404
    assert b"private" not in answer.content
    assert not changed()


def test_staff_see_no_more_than_others(client: Client, bob: Person) -> None:
    client.force_login(get_user_model().objects.create_superuser("root"))
    row = notified(bob, "private")
    assert client.get(f"/inbox/{row.pk}/why/").status_code == 404
    assert client.get(f"/inbox/activity/{row.event_id}/").status_code == 404
