"""What is shown around the form: the file's text, and what a wording may use."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from engagement.models import NotificationTemplate
from tests.engagement.admin.pages import CHOSEN, look, place, row, wording

pytestmark = pytest.mark.django_db


# The file's text


def test_the_files_text_is_shown_beside(admin_client: Client) -> None:
    found = look(admin_client, **CHOSEN).context["workbench"]
    assert (found.default.title, found.default_language) == ("{{ name }} was told", "")
    assert "See {{ url }} at {{ site }}, because {{ reason }}." in found.default.message


def test_it_is_the_one_that_people_read_if_the_file_lacks_the_language(admin_client: Client) -> None:
    answer = look(admin_client, **CHOSEN | {"language": "de"})
    assert answer.context["workbench"].default.title == "{{ name }} was told"
    assert "people read the one in English" in answer.content.decode()


def test_a_language_that_the_file_has_is_its_own(
    admin_client: Client, write_wording: Callable[[str, str], Path]
) -> None:
    write_wording("test.told", '[en.app]\ntitle = "Told"\n[de.app]\ntitle = "Gesagt"')
    assert look(admin_client, **CHOSEN | {"language": "de"}).context["workbench"].default.title == "Gesagt"


def test_without_a_files_text_it_says_so(admin_client: Client) -> None:
    answer = look(admin_client, **CHOSEN | {"event_type": "test.unheard"})
    assert "No file has a text for this." in answer.content.decode()


def test_the_form_can_begin_with_the_files_text(admin_client: Client) -> None:
    answer = look(admin_client, **CHOSEN, start="file")
    form = answer.context["adminform"].form
    assert form["title_template"].value() == "{{ name }} was told"
    assert form["message_template"].value() == "See {{ url }} at {{ site }}, because {{ reason }}."
    assert answer.context["workbench"].preview.rows[0].text.title == "Kite was told"


def test_a_link_leads_there_for_what_is_chosen(admin_client: Client) -> None:
    text = look(admin_client, **CHOSEN).content.decode()
    link = "?event_type=test.told&amp;channel=app&amp;language=en&amp;start=file"
    assert f'href="{place(NotificationTemplate, "add")}{link}"' in text
    row()
    text = look(admin_client, **CHOSEN).content.decode()
    assert link not in text
    assert "There is a wording for this already." in text


@pytest.mark.parametrize(
    "chosen",
    [
        {"event_type": "test.tolt", "channel": "app", "language": "en", "start": "file"},
        {"event_type": "\0", "channel": "\0", "language": "\0", "start": "file"},
        {"event_type": "test.told", "channel": "app", "language": "../../etc", "start": "file"},
        {"event_type": "<script>", "start": "file", "title_template": "<script>alert(1)</script>"},
        {"start": "file"},
    ],
)
def test_any_address_is_harmless(admin_client: Client, chosen: dict[str, str]) -> None:
    answer = look(admin_client, **chosen)
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    assert answer.context["workbench"].preview is None


def test_looking_writes_nothing(admin_client: Client) -> None:
    saved = row()
    before = list(NotificationTemplate.history.values())
    look(admin_client, **CHOSEN, start="file", title_template="x", _save="Save", save_all_the_same="on")
    for page in ("change", "delete", "history"):
        admin_client.get(place(NotificationTemplate, page, saved.pk), wording() | {"post": "yes"})
    assert list(NotificationTemplate.history.values()) == before
    assert NotificationTemplate.objects.get() == saved


# What it may use


def test_the_parameters_are_shown_with_their_types(admin_client: Client) -> None:
    text = admin_client.get(place(NotificationTemplate, "change", row().pk)).content.decode()
    assert "<code>{{ people }}</code> <span>list (whole number)</span>" in text
    assert "<code>{{ person }}</code> <span>text</span><br>the name of whoever reads it" in text


def test_a_sensitive_one_is_marked(admin_client: Client) -> None:
    text = look(admin_client, **CHOSEN | {"event_type": "test.whispered"}).content.decode()
    assert "<code>{{ code }}</code> <span>text</span> <strong>sensitive</strong>" in text
