"""Muting what a notification is about, from the notification."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from capabilities.people.models import Person
from engagement.models import AppNotification, Mute
from engagement.mutes import mute
from engagement.preferences import set_settings
from events.bus import event_bus
from events.testing import work_off
from tests.engagement.samples import notified
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

KITE = "product_management.product:7"
MUTED = "/inbox/preferences/muted/"


def post(page: Client, row: AppNotification, **fields: str) -> str:
    answer: Any = page.post(f"/inbox/{row.pk}/mute/", fields, follow=True)
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize(("until", "days"), [("day", 1), ("week", 7)])
def test_it_is_muted_for_a_while(page: Client, alice: Person, until: str, days: int) -> None:
    text = post(page, notified(alice, about=KITE), until=until)
    found = Mute.objects.get()
    assert (found.person, found.about, found.label) == (alice, KITE, "Kite was told")
    assert found.until
    assert abs(found.until - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
    assert "This product is muted until" in text
    assert '<a href="/inbox/preferences/muted/">Undo</a>' in text


def test_it_is_muted_for_ever_and_then_not_told(page: Client, alice: Person) -> None:
    text = post(page, notified(alice, "<b>Kite</b>", about=KITE), until="ever")
    assert Mute.objects.get().until is None
    assert "This product is muted for ever: “<b>Kite</b>”." in text
    event_bus.publish(Told(people=[alice.pk]), about=KITE)
    work_off()
    assert AppNotification.objects.count() == 1


def test_the_title_is_escaped_in_the_confirmation(page: Client, alice: Person) -> None:
    row = notified(alice, "<script>alert(1)</script>", about=KITE)
    answer = page.post(f"/inbox/{row.pk}/mute/", {"until": "ever"}, follow=True)
    assert b"<script>" not in answer.content


def test_it_is_muted_until_a_date_of_the_persons(page: Client, alice: Person) -> None:
    set_settings(alice, time_zone="Asia/Kathmandu")
    date = timezone.localdate() + timedelta(days=3)
    text = post(page, notified(alice, about=KITE), until="date", date=f"{date:%Y-%m-%d}")
    until = Mute.objects.get().until
    assert until
    assert f"{until:%H:%M}" == "18:15"
    assert ", midnight: “Kite was told”." in text


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "Mute it for a day, for a week, until a date or for ever."),
        ({"until": "year"}, "Mute it for a day, for a week, until a date or for ever."),
        ({"until": "date"}, "Give the date from which you want to hear of it again."),
        ({"until": "date", "date": "soon"}, "That is no date"),
        ({"until": "date", "date": "2020-01-01"}, "Give a date from tomorrow on"),
        ({"until": "date", "date": "9999-12-31"}, "within ten years"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    page: Client, alice: Person, fields: dict[str, str], complaint: str
) -> None:
    assert complaint in post(page, notified(alice, about=KITE), **fields)
    assert not Mute.objects.exists()


def test_what_is_about_nothing_cannot_be_muted(page: Client, alice: Person) -> None:
    assert "about nothing that could be muted" in post(page, notified(alice), until="ever")
    assert not Mute.objects.exists()


def test_twice_does_no_harm_and_the_later_wish_counts(page: Client, alice: Person) -> None:
    row = notified(alice, about=KITE)
    for until in ("day", "day", "ever"):
        post(page, row, until=until)
    assert Mute.objects.get().until is None


def test_one_returns_to_the_page_that_was_shown(page: Client, alice: Person) -> None:
    row = notified(alice, about=KITE)
    for given, there in (("/inbox/?show=unread", "/inbox/?show=unread"), ("//evil.example/", "/inbox/")):
        answer = page.post(f"/inbox/{row.pk}/mute/", {"until": "ever", "next": given})
        assert answer["Location"] == there


def test_it_is_unmuted_and_twice_does_no_harm(page: Client, alice: Person, bob: Person) -> None:
    mute(alice, KITE)
    mute(bob, KITE)
    for said in ("You will hear of it again.", "It was not muted."):
        answer: Any = page.post("/inbox/unmute/", {"about": KITE}, follow=True)
        assert answer.redirect_chain == [(MUTED, 302)]
        assert said in answer.content.decode()
    assert [each.person for each in Mute.objects.all()] == [bob]


@pytest.mark.parametrize("about", [None, "", "x" * 9_000, "\x00", "'"])
def test_unmuting_what_is_not_muted_changes_nothing(page: Client, alice: Person, about: str | None) -> None:
    mute(alice, KITE)
    assert page.post("/inbox/unmute/", {} if about is None else {"about": about}).status_code == 302
    assert Mute.objects.count() == 1


# What is muted


def test_what_is_muted_is_listed_in_the_time_of_the_person(page: Client, alice: Person, bob: Person) -> None:
    set_settings(alice, time_zone="Asia/Kathmandu")
    Mute.objects.create(person=alice, about="product_management.product:7", until="2100-01-01T18:15Z")
    Mute.objects.create(person=alice, about="kite:1", label="Kite was <b>told</b>")
    Mute.objects.create(person=bob, about="kite:2", label="private")
    answer = page.get(MUTED)
    text = html.unescape(answer.content.decode())
    assert "product 7" in text
    assert "until Jan. 2, 2100, midnight" in text
    assert "Kite was &lt;b&gt;told&lt;/b&gt;" in answer.content.decode()
    assert "private" not in text


def test_without_mutes_it_says_how_to_mute(page: Client) -> None:
    assert "Nothing is muted. To hear no more of one thing" in page.get(MUTED).content.decode()
