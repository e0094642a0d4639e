"""What can be chosen, and what is refused before it is saved."""

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from engagement.channels import channels
from engagement.models import NotificationTemplate
from engagement.wording import find
from tests.engagement.admin.pages import add, change, look, place, row
from tests.engagement.samples import published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


# What can be chosen


def test_every_slug_channel_and_language_can_be_chosen(admin_client: Client) -> None:
    fields = look(admin_client).context["adminform"].form.fields
    slugs = [value for value, _label in fields["event_type"].choices]
    assert {"", "product.created.creator", "product.created", "test.unheard"} <= set(slugs)
    assert [value for value, _label in fields["channel"].choices] == [*channels()]
    assert [value for value, _label in fields["language"].choices] == ["en", "de"]


def test_a_language_of_the_installation_that_is_none_of_its_choices_can_be_chosen(
    admin_client: Client, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "en-us"
    form = look(admin_client).context["adminform"].form
    assert [value for value, _label in form.fields["language"].choices] == ["en-us", "en", "de"]
    assert form["language"].value() == "en-us"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"event_type": "test.tolt"}, "Select a valid choice"),
        ({"event_type": "meeting"}, "Select a valid choice"),
        ({"channel": "pigeon"}, "Select a valid choice"),
        ({"language": "xx"}, "Select a valid choice"),
        ({"title_template": ""}, "This field is required"),
        ({"title_template": "a\0b"}, "Null characters are not allowed"),
        ({"title_template": "x" * 401}, "at most 400 characters"),
        ({"message_template": "x" * 4_001}, "at most 4000 characters"),
        ({"message_template": "x" * 1_000_000}, "at most 4000 characters"),
        ({"title_template": "{{ colour }}"}, "there is no parameter colour"),
        ({"message_template": "{% for %}"}, "Invalid block tag"),
        ({"message_template": "{% load i18n %}"}, "Invalid block tag"),
        ({"message_template": "{{ name.upper }}"}, "parameters have no parts"),
    ],
)
@pytest.mark.parametrize("tick", [{}, {"save_all_the_same": "on"}])
def test_what_is_wrong_is_sent_back_whatever_is_ticked(
    admin_client: Client, fields: dict[str, str], error: str, tick: dict[str, str]
) -> None:
    answer = add(admin_client, **fields, **tick)
    assert answer.status_code == 200
    assert error in answer.content.decode()
    assert not NotificationTemplate.objects.exists()


def test_there_is_one_for_each(admin_client: Client) -> None:
    saved = row()
    text = add(admin_client).content.decode()
    assert "already exists" in text
    assert f'href="{place(NotificationTemplate, "change", saved.pk)}"' in text


def test_what_a_saved_wording_is_for_stays(admin_client: Client) -> None:
    saved = row()
    fields = {"event_type": "test.pinged", "channel": "email", "language": "de", "save_all_the_same": "on"}
    assert change(admin_client, saved, **fields).status_code == 302
    saved.refresh_from_db()
    assert (saved.event_type, saved.channel, saved.language) == ("test.told", "app", "en")
    assert saved.title_template == "{{ name }}!"


def test_what_is_no_choice_any_more_is_kept(admin_client: Client) -> None:
    saved = row(language="x1")
    NotificationTemplate.objects.filter(pk=saved.pk).update(event_type="test.forgotten")
    answer = admin_client.get(place(NotificationTemplate, "change", saved.pk))
    assert '<option value="test.forgotten" selected>' in answer.content.decode()
    assert '<option value="x1" selected>' in answer.content.decode()
    assert "No notifier or event type is called" in change(admin_client, saved).content.decode()


# Before it is saved


def test_what_says_all_that_the_file_says_is_saved(admin_client: Client) -> None:
    published(Told(people=[]))
    assert add(admin_client).status_code == 302
    assert NotificationTemplate.objects.get().title_template == "{{ name }}!"
    assert find("test.told", "app", "en").title == "{{ name }}!"


def refused(answer: HttpResponse, why: str) -> bool:
    text = answer.content.decode()
    return answer.status_code == 200 and why in text and "Nothing was saved." in text


def test_what_would_fail_on_an_event_is_refused_naming_it(admin_client: Client) -> None:
    log_id = published(Told(people=[], name="")).envelope.id
    answer = add(admin_client, title_template="{{ name }}")
    assert refused(answer, f"People would get the fallback: the title is empty (#{log_id}).")
    assert not NotificationTemplate.objects.exists()


def test_what_would_fail_on_the_example_is_refused(admin_client: Client) -> None:
    answer = add(admin_client, title_template="{% if not name %}x{% endif %}")
    assert refused(answer, "the title is empty (example)")


def test_what_would_lose_a_parameter_is_refused_naming_it(admin_client: Client) -> None:
    answer = add(admin_client, title_template="Told", message_template="{{ url }} {{ site }}")
    assert refused(answer, "No longer used, as it was before: name, reason.")


def test_what_a_saved_wording_did_not_use_is_not_lost(admin_client: Client) -> None:
    saved = row(title_template="Told", message_template="{{ url }}")
    assert (
        change(admin_client, saved, title_template="Told!", message_template="{{ url }}").status_code == 302
    )
    answer = change(admin_client, saved, title_template="Told!", message_template="")
    assert refused(answer, "No longer used, as it was before: url.")


def test_it_is_saved_all_the_same_if_the_author_wants_it(admin_client: Client) -> None:
    published(Told(people=[], name=""))
    fields = {"title_template": "{{ name }}", "message_template": ""}
    answer = add(admin_client, **fields)
    assert 'name="save_all_the_same"' in answer.content.decode()
    assert add(admin_client, **fields, save_all_the_same="on").status_code == 302
    assert NotificationTemplate.objects.get().title_template == "{{ name }}"


def test_there_is_nothing_to_tick_where_nothing_speaks_against_it(admin_client: Client) -> None:
    text = admin_client.get(place(NotificationTemplate, "change", row().pk)).content.decode()
    assert "Nothing speaks against it." in text
    assert "save_all_the_same" not in text


def test_a_tick_has_to_be_made_anew_for_another_text(admin_client: Client) -> None:
    answer = add(admin_client, title_template="Told", save_all_the_same="on", _preview="Preview")
    assert "checked" not in answer.content.decode().partition("save_all_the_same")[2].partition(">")[0]
