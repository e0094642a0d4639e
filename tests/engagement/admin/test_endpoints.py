"""Where people are reached, for operators: without secrets, found by the whole of it, retired and used again."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from capabilities.people.models import Person
from engagement.models import Endpoint, SmsNotification
from events.models import EventLog
from tests.conftest import make_people
from tests.engagement.admin.pages import place
from tests.engagement.mails import mail_to
from tests.engagement.pigeon import Pigeons, TextPigeons, dovecote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeons")]

PAGE = "/admin/engagement/endpoint/"
GONE: dict[str, Any] = {"retired_at": timezone.now(), "retired_because": "It burnt."}


def listed(client: Client, **query: Any) -> list[int]:
    """Return the primary keys of those in the list."""
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def act(client: Client, action: str, *rows: Endpoint) -> list[str]:
    """Choose these in the list; return what the page says."""
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    answer = client.post(PAGE, chosen, follow=True)
    return [str(message) for message in answer.context["messages"]]


def text_of(client: Client, endpoint: Endpoint | None = None) -> str:
    page = place(Endpoint, "change", endpoint.pk) if endpoint else PAGE
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def staff(client: Client, bob: Person) -> Client:
    """A browser in which somebody is logged in who may look, and do nothing."""
    Person.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_endpoint"))
    client.force_login(bob)
    return client


# What is shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "in use"),
        ({"rests_until": timezone.now() - timedelta(minutes=1), "failures": 1}, "in use"),
        ({"rests_until": timezone.now() + timedelta(hours=1), "failures": 1}, "rests"),
        ({"verified_at": None}, "waits to be verified"),
        (GONE, "retired"),
        (GONE | {"verified_at": None}, "retired"),
    ],
)
def test_each_says_where_it_stands_and_can_be_filtered_by_it(
    admin_client: Client, alice: Person, fields: dict[str, Any], said: str
) -> None:
    row = dovecote(alice, **fields)
    assert f'<td class="field-standing">{said}</td>' in text_of(admin_client)
    state = "unverified" if said.startswith("waits") else {"rests": "resting"}.get(said, said)
    for each in ("in use", "resting", "unverified", "retired"):
        assert listed(admin_client, state=each) == ([row.pk] if each == state else [])


def test_the_list_is_filtered_by_channel(admin_client: Client, alice: Person) -> None:
    row = dovecote(alice)
    assert listed(admin_client, channel__exact="pigeon") == [row.pk]
    assert listed(admin_client, channel__exact="email") == []


def test_whose_it_is_and_what_became_of_it_is_shown(admin_client: Client, alice: Person) -> None:
    row = dovecote(alice, label="At home", failures=7, **GONE)
    for text in (text_of(admin_client), text_of(admin_client, row)):
        for said in (str(alice), "At home", "It burnt.", "7"):
            assert said in text


def test_it_leads_to_the_messages_of_it(
    admin_client: Client, alice: Person, text_pigeons: TextPigeons
) -> None:
    row = dovecote(alice, channel="sms")
    mail_to(alice, channel="sms")
    mine = mail_to(alice, channel="sms", target=row)
    page = place(SmsNotification, "changelist")
    assert f'<a href="{page}?target={row.pk}">messages</a>' in text_of(admin_client)
    answer = admin_client.get(page, {"target": row.pk})
    assert [each.pk for each in answer.context["cl"].result_list] == [mine.pk]


def test_a_list_takes_as_many_queries_for_many_as_for_few(admin_client: Client) -> None:
    counts = []
    for number in (2, 6):
        for pk in make_people(number) if number == 2 else [*Person.objects.values_list("pk", flat=True)] * 3:
            dovecote(Person.objects.get(pk=pk), f"{number} {Endpoint.objects.count()}")
        listed(admin_client)
        with CaptureQueriesContext(connection) as captured:
            listed(admin_client)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# What is never shown


def test_a_token_is_never_shown_in_full_and_a_secret_not_at_all(admin_client: Client, alice: Person) -> None:
    row = dovecote(
        alice,
        secret="whsec_newest",
        old_secret="whsec_former",
        old_secret_until=timezone.now() + timedelta(days=1),
    )
    pages = [PAGE, *(place(Endpoint, page, row.pk) for page in ("change", "history"))]
    pages.append(f"/admin/people/person/{alice.pk}/delete/")
    for page in pages:
        text = admin_client.get(page).content.decode()
        for hidden in ("whsec", "a-secret-dovecote"):
            assert hidden not in text, page
    assert "…cote" in text_of(admin_client, row)


def test_an_endpoint_of_a_channel_that_is_gone_shows_hardly_anything(
    admin_client: Client, alice: Person
) -> None:
    row = dovecote(alice, channel="telex")
    assert "a-secret-dovecote" not in text_of(admin_client) + text_of(admin_client, row)


# Search


def test_an_endpoint_is_found_by_the_whole_of_it_and_by_its_person(
    admin_client: Client, alice: Person, bob: Person
) -> None:
    row = dovecote(alice)
    dovecote(bob, "another")
    for term in ("a-secret-dovecote", " a-secret-dove cote ", str(alice.pk), alice.email.upper()):
        assert listed(admin_client, q=term) == [row.pk], term


@pytest.mark.parametrize("term", ["a-secret", "cote", "'; --", "9" * 30, "é", "-1", "@", "nobody@x.example"])
def test_any_other_search_finds_nothing(admin_client: Client, alice: Person, term: str) -> None:
    dovecote(alice)
    assert listed(admin_client, q=term) == []


def test_null_characters_are_harmless(admin_client: Client, alice: Person) -> None:
    assert admin_client.get(PAGE, {"q": "\0"}).status_code == 200


# What can be done


def test_what_is_retired_gets_nothing_any_more_and_is_not_lost(admin_client: Client, alice: Person) -> None:
    row, gone = dovecote(alice), dovecote(alice, "gone", **GONE)
    assert act(admin_client, "retire", row, gone) == [
        "1 endpoint is used no longer. Nothing is lost: it stays in this list, and can be used again.",
        "1 was so already.",
    ]
    row.refresh_from_db()
    assert (row.is_usable, row.retired_because) == (False, "by an operator")
    gone.refresh_from_db()
    assert gone.retired_because == "It burnt."
    assert list(LogEntry.objects.values_list("object_id", "change_message")) == [(str(row.pk), "Retired.")]


def test_its_owner_is_told(admin_client: Client, alice: Person) -> None:
    act(admin_client, "retire", dovecote(alice))
    assert EventLog.objects.get().type == "endpoint.retired"


def test_what_was_retired_or_rests_is_used_again(admin_client: Client, alice: Person) -> None:
    used, gone = dovecote(alice, "used"), dovecote(alice, "gone", failures=9, **GONE)
    resting = dovecote(alice, "resting", failures=3, rests_until=timezone.now() + timedelta(hours=1))
    before = gone.registered_at
    assert act(admin_client, "use_again", used, gone, resting) == [
        "2 endpoints are used again. What was skipped meanwhile can be sent again: see their messages.",
        "1 was so already.",
    ]
    for row in (gone, resting):
        row.refresh_from_db()
        assert (row.is_usable, row.failures, row.rests_until, row.retired_because) == (True, 0, None, "")
    assert gone.registered_at > before, "what comes of messages on their way counts no more"
    assert LogEntry.objects.filter(change_message="Used again.").count() == 2


def test_who_may_look_can_do_nothing(staff: Client, alice: Person) -> None:
    row = dovecote(alice)
    assert "Retire: send nothing" not in text_of(staff)
    act(staff, "retire", row)
    row.refresh_from_db()
    assert row.is_usable


def test_nobody_adds_changes_or_deletes_one(admin_client: Client, alice: Person) -> None:
    row = dovecote(alice)
    assert admin_client.get(place(Endpoint, "add")).status_code == 403
    for page in ("change", "delete"):
        assert admin_client.post(place(Endpoint, page, row.pk), {"post": "yes"}).status_code == 403
    assert 'name="_save"' not in text_of(admin_client, row)
    assert Endpoint.objects.filter(pk=row.pk).exists()


def test_who_is_not_staff_sees_nothing(client: Client, alice: Person, pigeons: Pigeons) -> None:
    client.force_login(alice)
    assert client.get(PAGE).status_code == 302
