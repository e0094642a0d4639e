"""What is done from the inbox, by whom and to whose; and what a list that is empty says."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from capabilities.people.models import Person
from engagement import inbox_acts
from engagement.inbox_acts import Act
from engagement.models import AppNotification
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db

INBOX = "/inbox/"
BY_SCRIPT = {"X-Requested-With": "fetch"}
#: The session and the person, on every page.
OF_THE_LOGIN = ("django_session", "people_person")


def stored() -> list[dict[str, Any]]:
    return [dict(each) for each in AppNotification.objects.order_by("pk").values()]


def in_every_state(person: Person, title: str) -> list[AppNotification]:
    """Return one that is unread, one that is read, one that is archived, and one that is both."""
    rows = [notified(person, f"{title} {number}") for number in range(4)]
    AppNotification.objects.filter(pk__in=[rows[1].pk, rows[3].pk]).mark_read()
    AppNotification.objects.filter(pk__in=[rows[2].pk, rows[3].pk]).archive()
    return rows


# Somebody else's


@pytest.mark.parametrize("verb", Act)
@pytest.mark.parametrize("headers", [{}, BY_SCRIPT], ids=["form", "script"])
def test_one_of_somebody_else_is_not_found(
    page: Client, bob: Person, verb: Act, headers: dict[str, str]
) -> None:
    theirs = in_every_state(bob, "private")
    before = stored()
    for row in theirs:
        answer = page.post(f"{INBOX}{row.pk}/{verb}/", headers=headers)
        assert answer.status_code == 404
        assert b"private" not in answer.content
    assert stored() == before


@pytest.mark.parametrize("verb", Act)
def test_among_those_chosen_somebody_elses_are_left_out(
    page: Client, alice: Person, bob: Person, verb: Act
) -> None:
    mine, theirs = in_every_state(alice, "mine"), in_every_state(bob, "private")
    before = [each for each in stored() if each["person_id"] == bob.pk]
    ids = [row.pk for row in mine + theirs]
    said = page.post(f"{INBOX}chosen/{verb}/", {"ids": ids}, follow=True).content.decode()
    told = {
        Act.READ: "2 notifications marked as read.",
        Act.UNREAD: "2 notifications marked as unread.",
        Act.ARCHIVE: "2 notifications archived.",
        Act.UNARCHIVE: "2 notifications moved to the inbox.",
    }
    assert told[verb] in said
    assert "private" not in said
    assert [each for each in stored() if each["person_id"] == bob.pk] == before


@pytest.mark.parametrize("verb", Act)
def test_a_script_gets_no_rows_of_somebody_else(page: Client, bob: Person, verb: Act) -> None:
    theirs = in_every_state(bob, "private")
    answer = page.post(f"{INBOX}chosen/{verb}/", {"ids": [row.pk for row in theirs]}, headers=BY_SCRIPT)
    assert answer.status_code == 200
    assert b"private" not in answer.content
    assert b"There was nothing" in answer.content


@pytest.mark.parametrize("show", ["", "unread", "archived"])
def test_rows_are_those_of_the_person_that_the_filter_lists(
    page: Client, alice: Person, bob: Person, show: str
) -> None:
    mine, theirs = in_every_state(alice, "mine"), in_every_state(bob, "private")
    ids = ",".join(str(row.pk) for row in mine + theirs)
    text = page.get(f"{INBOX}rows/", {"ids": ids, "show": show}).content.decode()
    listed = [number for number in range(4) if f"<bdi>mine {number}</bdi>" in text]
    assert listed == {"": [0, 1], "unread": [0], "archived": [2, 3]}[show]
    assert "private" not in text


def test_only_ones_own_are_seen(page: Client, alice: Person, bob: Person) -> None:
    mine, theirs = notified(alice), notified(bob)
    answer = page.post(f"{INBOX}seen/", {"ids": f"{mine.pk},{theirs.pk}"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert list(AppNotification.objects.filter(seen_at=None)) == [theirs]


def test_only_ones_own_that_are_read_are_archived(page: Client, alice: Person, bob: Person) -> None:
    mine, theirs = in_every_state(alice, "mine"), in_every_state(bob, "private")
    said = page.post(f"{INBOX}archive-read/", {"up_to": theirs[-1].pk}, follow=True).content.decode()
    assert "1 notification archived." in said
    assert set(AppNotification.objects.archived()) == {*mine[1:], *theirs[2:]}


@pytest.mark.parametrize("verb", Act)
def test_what_somebody_else_did_is_not_undone(page: Client, bob: Person, verb: Act) -> None:
    done = inbox_acts.act(bob, verb, [row.pk for row in in_every_state(bob, "private")])
    before = stored()
    said = page.post(f"{INBOX}undo/", {"token": done.undo}, follow=True).content.decode()
    assert "This cannot be undone any more." in said
    assert "private" not in said
    assert stored() == before


@pytest.mark.parametrize(
    "place", ["seen/", "undo/", "archive-read/", "rows/", "chosen/archive/", "1/archive/", "1/unarchive/"]
)
def test_one_must_be_logged_in(client: Client, alice: Person, place: str) -> None:
    row = notified(alice)
    before = stored()
    place = INBOX + place.replace("1", str(row.pk))
    answer = client.get(place) if "rows" in place else client.post(place, {"ids": row.pk})
    assert answer["Location"].startswith("/login/?next=/inbox/")
    assert stored() == before


# What is done


def test_one_is_archived_taken_back_and_moved_back(page: Client, alice: Person) -> None:
    row = notified(alice)
    place = f"{INBOX}{row.pk}/"
    text = page.post(f"{place}archive/", {"next": INBOX}, follow=True).content.decode()
    assert "1 notification archived." in text
    token = text.split('name="token" value="')[1].split('"')[0]
    assert AppNotification.objects.archived().count() == 1
    assert "Undone." in page.post(f"{INBOX}undo/", {"token": token}, follow=True).content.decode()
    assert not AppNotification.objects.archived().exists()
    page.post(f"{place}archive/")
    assert page.post(f"{place}unarchive/")["Location"] == INBOX
    assert not AppNotification.objects.archived().exists()


def test_there_is_no_such_thing_to_do(page: Client, alice: Person) -> None:
    before = [notified(alice), stored()][1]
    assert page.post(f"{INBOX}chosen/delete/", {"ids": "1"}).status_code == 404
    assert stored() == before


@pytest.mark.parametrize("ids", ["", "abc", "-1", "\0", "9" * 5_000, str(2**63)])
@pytest.mark.parametrize("place", ["seen/", "chosen/read/", "rows/"])
def test_ids_that_are_none_are_harmless(page: Client, alice: Person, place: str, ids: str) -> None:
    notified(alice)
    before = stored()
    asked = page.get if place == "rows/" else page.post
    assert asked(INBOX + place, {"ids": ids}).status_code in {200, 204, 302}
    assert stored() == before


# How much is asked of the database


@pytest.mark.parametrize(
    "query", ["", "show=unread", "show=archived", "q=Number+77", "category=test", "q=nothing"]
)
def test_the_inbox_of_10_000_takes_fewer_than_8_queries(page: Client, alice: Person, query: str) -> None:
    rows = fill_inbox(alice, 10_000)
    AppNotification.objects.filter(pk__in=[row.pk for row in rows[::3]]).archive()
    with CaptureQueriesContext(connection) as captured:
        assert page.get(f"{INBOX}?{query}").status_code == 200
    asked = [each["sql"] for each in captured if not any(table in each["sql"] for table in OF_THE_LOGIN)]
    assert 0 < len(asked) < 8, asked


# Where there is nothing


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Nothing here yet."),
        ("show=unread", "Nothing unread. Well done."),
        ("show=archived", "Nothing archived."),
        ("q=%3Ckite%3E", "Nothing here says “&lt;kite&gt;”."),
        ("group=product_management.product:7", "Nothing about"),
        ("category=shop", "Nothing of this category."),
        ("before=1", "There is nothing older."),
    ],
)
def test_a_list_that_is_empty_says_why(page: Client, bob: Person, query: str, said: str) -> None:
    notified(bob, "private <kite>", category="shop", group="product_management.product:7")
    text = page.get(f"{INBOX}?{query}").content.decode()
    assert said in text
    assert text.count('<div class="empty">') == 1
    assert "private" not in text


def test_a_list_with_something_in_it_does_not_say_that_it_is_empty(page: Client, alice: Person) -> None:
    notified(alice)
    assert 'class="empty"' not in page.get(INBOX).content.decode()
