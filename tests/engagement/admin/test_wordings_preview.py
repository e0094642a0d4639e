"""The preview of texts that are not saved: by the button, and for the script."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from capabilities.people.models import Person
from engagement.models import NotificationTemplate
from events.bus import EventLog
from tests.conftest import make_person
from tests.engagement.admin.pages import place, row, wording
from tests.engagement.samples import published
from tests.probe.events import Told, Whispered

pytestmark = pytest.mark.django_db


def page(*args: int) -> str:
    """Return where the script asks."""
    return reverse("admin:engagement_notificationtemplate_preview", args=args)


def ask(client: Client, *args: int, **fields: Any) -> str:
    """Ask as the script does; return what comes back."""
    answer = client.post(page(*args), wording(**fields) | {"_preview": "1"})
    assert answer.status_code == 200
    return answer.content.decode()


# By the button, without JavaScript


def test_the_button_shows_the_page_again_and_saves_nothing(admin_client: Client) -> None:
    published(Told(people=[], name="Parafoil"))
    answer = admin_client.post(place(NotificationTemplate, "add"), wording() | {"_preview": "Preview"})
    text = answer.content.decode()
    assert '<p class="wording-title">Parafoil!</p>' in text
    assert 'value="{{ name }}!"' in text
    assert "errornote" not in text
    assert not NotificationTemplate.objects.exists()


def test_the_button_on_a_saved_wording_keeps_what_is_saved(admin_client: Client) -> None:
    saved = row()
    fields = wording(title_template="New: {{ name }}", message_template="") | {"_preview": "Preview"}
    answer = admin_client.post(place(NotificationTemplate, "change", saved.pk), fields)
    assert '<p class="wording-title">New: Kite</p>' in answer.content.decode()
    saved.refresh_from_db()
    assert saved.title_template == "{{ name }}"
    assert saved.history.count() == 1


def test_the_button_with_nothing_chosen_says_what_to_do(admin_client: Client) -> None:
    fields = {"event_type": "", "_preview": "Preview", "title_template": ""}
    answer = admin_client.post(place(NotificationTemplate, "add"), wording(**fields))
    assert "This field is required" in answer.content.decode()
    assert answer.context["workbench"].key is None


def test_the_button_shows_what_belongs_to_what_was_chosen(admin_client: Client) -> None:
    fields = wording(title_template="", message_template="") | {"_preview": "Preview"}
    text = admin_client.post(place(NotificationTemplate, "add"), fields).content.decode()
    assert "<code>{{ people }}</code>" in text
    assert "Start from the file's text" in text


# For the script


def test_it_shows_the_example_and_what_happened_as_the_author_would_read_it(
    admin_client: Client, admin_user: Person
) -> None:
    published(Told(people=[], name="Parafoil"))
    text = ask(admin_client, title_template="{{ person }}: {{ name }}")
    assert f"{admin_user.get_username()}: Kite" in text
    assert f"{admin_user.get_username()}: Parafoil" in text
    assert "Tried on 2 events." in text
    assert not NotificationTemplate.objects.exists()


def test_strings_are_shown_as_they_are(admin_client: Client) -> None:
    published(Told(people=[], name="<script>alert(1)</script>"))
    text = ask(admin_client, title_template="<b>{{ name }}</b>", message_template="<img src=x>")
    assert "&lt;b&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;/b&gt;" in text
    assert "<script>" not in text
    assert "<img" not in text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title_template": "{% load i18n %}"}, "Invalid block tag"),
        ({"title_template": "{{ colour }}"}, "there is no parameter colour"),
        ({"title_template": "x" * 401}, "Title: Ensure this value has at most 400 characters"),
        ({"message_template": "<b>" * 333_333}, "Message: Ensure this value has at most 4000 characters"),
        ({"title_template": "\0"}, "Null characters are not allowed"),
        ({"title_template": ""}, "Title: This field is required"),
        ({"event_type": "<b>"}, "&lt;b&gt; is not one of the available choices"),
        ({"event_type": "\0"}, "Select a valid choice"),
        ({"language": "xx"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_tried_says_why(admin_client: Client, fields: dict[str, str], said: str) -> None:
    text = ask(admin_client, **fields)
    assert said in text
    assert "<b>" not in text


def test_what_would_fail_or_lose_a_parameter_is_marked(admin_client: Client) -> None:
    published(Told(people=[], name=""))
    text = ask(admin_client, title_template="{{ name }}", message_template="{{ url }}")
    assert "Fallback: the title is empty" in text
    assert "1 would fail." in text
    assert "No longer used: reason, site." in text
    assert "Loses reason, site" in text
    assert 'name="save_all_the_same"' in text


def test_of_a_saved_wording_it_compares_with_that(admin_client: Client) -> None:
    saved = row(title_template="{{ name }} {{ person }}")
    assert "No longer used: person." in ask(admin_client, saved.pk, message_template="")


def test_it_does_not_say_that_a_saved_wording_is_there_already(admin_client: Client) -> None:
    assert "already" not in ask(admin_client, row().pk)
    assert "already" in ask(admin_client)


def test_it_is_in_the_language_of_the_wording(admin_client: Client) -> None:
    fields = {"event_type": "test.met", "language": "de", "message_template": ""}
    assert "1. Januar" in ask(admin_client, title_template="{{ at|date:'j. F' }}", **fields)


def test_an_event_that_cannot_be_read_is_skipped_and_said_so(admin_client: Client) -> None:
    log_id = published(Told(people=[])).envelope.id
    EventLog.objects.filter(pk=log_id).update(version=9)
    text = ask(admin_client)
    assert "Skipped, it cannot be read: Version 9" in text
    assert "1 cannot be read." in text


def test_a_secret_is_masked(admin_client: Client) -> None:
    published(Whispered(code="open sesame"))
    text = ask(admin_client, event_type="test.whispered", title_template="{{ code }}", message_template="")
    assert "open sesame" not in text
    assert '<p class="wording-title">***</p>' in text
    assert "Sensitive values are shown as ***" in text


def test_a_secret_that_was_erased_is_skipped(admin_client: Client) -> None:
    log_id = published(Whispered(code="open sesame")).envelope.id
    EventLog.objects.filter(pk=log_id).update(payload={"fail": False})
    text = ask(admin_client, event_type="test.whispered", title_template="{{ code }}", message_template="")
    assert "erased after it had been handled" in text


# Who may


def test_it_has_to_be_sent(admin_client: Client) -> None:
    assert admin_client.get(page(), wording()).status_code == 405
    assert admin_client.get(page(row().pk), wording()).status_code == 405


def test_it_is_protected_against_other_sites(admin_user: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(page(), wording()).status_code == 403
    assert client.post(place(NotificationTemplate, "add"), wording()).status_code == 403
    assert not NotificationTemplate.objects.exists()


@pytest.mark.parametrize("is_staff", [False, True])
def test_who_has_no_permission_sees_nothing_of_what_happened(client: Client, is_staff: bool) -> None:
    published(Told(people=[], name="Parafoil"))
    client.force_login(make_person("erin", is_staff=is_staff))
    answer = client.post(page(), wording())
    assert answer.status_code == (403 if is_staff else 302)
    assert b"Parafoil" not in answer.content


def test_a_wording_that_is_gone_is_not_found(admin_client: Client) -> None:
    assert admin_client.post(page(10**9), wording()).status_code == 404


# Text messages


def test_of_a_text_message_each_row_tells_how_many_it_becomes_and_why(admin_client: Client) -> None:
    published(Told(people=[], name=f"“{'a' * 70}”"))
    text = ask(admin_client, channel="sms", title_template="{{ name }}", message_template="")
    assert '<p class="help">1 segment, GSM-7</p>' in text
    assert '<p class="wording-lost">2 segments, UCS-2 because of ““”, “””</p>' in text


def test_of_anything_else_it_tells_nothing_of_the_kind(admin_client: Client) -> None:
    assert "segment" not in ask(admin_client, channel="email")
