"""Who changed a wording when, from what to what: also when it is gone, and written anew."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from capabilities.people.models import Person
from engagement.admin.history import PER_PAGE
from engagement.models import AppNotificationTemplate, NotificationTemplate
from tests.engagement.admin.pages import place, wording

pytestmark = pytest.mark.django_db

HistoricalTemplate = NotificationTemplate.history.model
KEY = {"event_type": "test.told", "channel": "app", "language": "en"}


@pytest.fixture
def author(client: Client, alice: Person) -> Client:
    """Alice at her work."""
    Person.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client.force_login(alice)
    return client


def write(client: Client, title: str, **fields: Any) -> NotificationTemplate:
    """Write a wording, or change it, in the admin."""
    found = NotificationTemplate.objects.first()
    page = place(NotificationTemplate, "change", found.pk) if found else place(NotificationTemplate, "add")
    sent = wording(title_template=title, save_all_the_same="on", **fields)
    assert client.post(page, sent).status_code == 302
    return NotificationTemplate.objects.get()


def go_back(client: Client) -> None:
    """Go back to the file's text."""
    row = NotificationTemplate.objects.get()
    client.post(place(NotificationTemplate, "delete", row.pk), {"post": "yes"})


def told(answer: Any) -> list[tuple[str, str, dict[str, tuple[Any, Any]]]]:
    """Return what was done, by whom, and each field before and after."""
    return [
        (change.done, change.by, {each.label: (each.old, each.new) for each in change.differences})
        for change in answer.context["changes"]
    ]


def test_each_change_says_who_made_it_and_what_was_there_before(author: Client) -> None:
    write(author, "First", message_template="")
    row = write(author, "Second", message_template="")
    answer = author.get(place(NotificationTemplate, "history", row.pk))
    assert told(answer) == [
        ("Changed", "Alice Arden", {"title": ("First", "Second")}),
        (
            "Written over the file's text",
            "Alice Arden",
            {"title": (None, "First"), "message": (None, ""), "active": (None, True)},
        ),
    ]


def test_the_history_stays_and_goes_on_when_the_wording_is_written_anew(author: Client) -> None:
    first = write(author, "First").pk
    go_back(author)
    assert "see its history" in author.get(place(NotificationTemplate, "add"), KEY).content.decode()
    row = write(author, "Second")
    assert row.pk != first
    done = ["Written over the file's text", "Back to the file's text", "Written over the file's text"]
    for page in (
        place(NotificationTemplate, "history", row.pk),
        place(NotificationTemplate, "history", first),
        place(NotificationTemplate, "history_of") + "?event_type=test.told&channel=app&language=en",
    ):
        found = told(author.get(page))
        assert [each[0] for each in found] == done
        assert found[1][2]["title"] == ("First", None)


def test_it_is_only_of_this_wording(author: Client) -> None:
    row = write(author, "First")
    AppNotificationTemplate.objects.create(event_type="test.told", language="de", title_template="Erster")
    assert len(told(author.get(place(NotificationTemplate, "history", row.pk)))) == 1


def test_texts_are_shown_as_they_are(author: Client) -> None:
    row = write(author, "<script>alert(1)</script>")
    text = author.get(place(NotificationTemplate, "history", row.pk)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text


def test_what_a_program_did_and_what_changed_nothing_say_so(author: Client) -> None:
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="First")
    row.save()
    text = author.get(place(NotificationTemplate, "history", row.pk)).content.decode()
    assert "a program, or somebody deleted" in text
    assert "Saved without a change." in text


def test_a_page_shows_so_many_and_what_the_last_of_them_changed(author: Client) -> None:
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="0")
    for number in range(PER_PAGE + 3):
        row.title_template = str(number + 1)
        row.save()
    page = place(NotificationTemplate, "history", row.pk)
    first, second = told(author.get(page)), told(author.get(page, {"p": "2"}))
    assert (len(first), len(second)) == (PER_PAGE, 4)
    assert first[-1][2] == {"title": ("3", "4")}
    assert second[-1][0] == "Written over the file's text"
    assert author.get(page, {"p": "nonsense"}).status_code == 200


def test_it_takes_as_many_queries_for_many_changes_as_for_one(author: Client) -> None:
    row = write(author, "0")
    page = place(NotificationTemplate, "history", row.pk)
    author.get(page)
    with CaptureQueriesContext(connection) as few:
        author.get(page)
    for number in range(5):
        write(author, str(number))
    with CaptureQueriesContext(connection) as many:
        author.get(page)
    assert len(many) == len(few)


@pytest.mark.parametrize("object_id", ["9" * 30, "9" * 5_000, "abc", "1;2"])
def test_what_never_was_has_no_history(author: Client, object_id: str) -> None:
    assert author.get(place(NotificationTemplate, "history", object_id)).status_code == 404


@pytest.mark.parametrize("key", [{}, {"event_type": "\0"}, {"event_type": "<script>alert(1)</script>"}])
def test_any_address_is_harmless(author: Client, key: dict[str, str]) -> None:
    answer = author.get(place(NotificationTemplate, "history_of"), key)
    assert "Nobody has changed this yet." in answer.content.decode()
    assert b"<script>alert" not in answer.content


def test_every_change_is_listed_also_of_what_is_gone(author: Client) -> None:
    write(author, "First")
    go_back(author)
    text = author.get(place(HistoricalTemplate, "changelist")).content.decode()
    assert text.count("Alice Arden") == 2
    link = f"{place(NotificationTemplate, 'history_of')}?event_type=test.told&amp;channel=app&amp;language=en"
    assert f'<a href="{link}">test.told · app · en</a>' in text


@pytest.mark.parametrize(("permission", "status"), [(None, 403), ("view", 200), ("change", 200)])
def test_who_may_see_wordings_may_see_their_changes(
    client: Client, bob: Person, permission: str | None, status: int
) -> None:
    Person.objects.filter(pk=bob.pk).update(is_staff=True)
    if permission:
        codename = f"{permission}_notificationtemplate"
        bob.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(bob)
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="First")
    assert client.get(place(HistoricalTemplate, "changelist")).status_code == status
    assert client.get(place(NotificationTemplate, "history", row.pk)).status_code == status
    assert client.get(place(NotificationTemplate, "history_of"), KEY).status_code == status
