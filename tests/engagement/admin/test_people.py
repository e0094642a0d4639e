"""What people chose and set can be edited by staff; so can the list of addresses that must not be used."""

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from capabilities.people.models import Person
from engagement.models import Cause, Mute, NotificationPreference, NotificationSettings, Suppression
from engagement.suppress import is_suppressed, suppress
from tests.engagement.admin.pages import EDITABLE, fill, place

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("scope", "saved"),
    [
        ({"event_type": "test.told"}, True),
        ({"category": "product"}, True),
        ({}, False),
        ({"event_type": "test.told", "category": "product"}, False),
        ({"event_type": "test.tolt"}, False),
        ({"category": "prodcut"}, False),
    ],
)
def test_a_preference_can_be_written_for_one_thing(
    admin_client: Client, alice: Person, scope: dict[str, str], saved: bool
) -> None:
    fields = {"person": alice.pk, "type": "none", "event_type": "", "category": ""} | scope
    answer = admin_client.post(place(NotificationPreference, "add"), fields)
    assert answer.status_code == (302 if saved else 200)
    assert NotificationPreference.objects.exists() == saved


def test_the_categories_that_there_are_can_be_chosen(admin_client: Client) -> None:
    text = admin_client.get(place(NotificationPreference, "add")).content.decode()
    assert '<option value="product">product</option>' in text
    assert '<option value="test">test</option>' in text


def test_there_is_a_field_for_further_channels(admin_client: Client) -> None:
    assert 'name="channels"' in admin_client.get(place(NotificationPreference, "add")).content.decode()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, None),
        ({"time_zone": "Europe/Berlin", "quiet_from": "22:00", "quiet_until": "07:00"}, None),
        ({"time_zone": "Berlin"}, "There is no time zone Berlin"),
        ({"quiet_from": "22:00"}, "Give both times"),
        ({"language": "xx"}, "Select a valid choice"),
    ],
)
def test_settings_can_be_written(
    admin_client: Client, alice: Person, fields: dict[str, str], error: str | None
) -> None:
    answer = admin_client.post(
        place(NotificationSettings, "add"), {"person": alice.pk, "language": "de"} | fields
    )
    assert NotificationSettings.objects.exists() == (error is None)
    if error:
        assert error in answer.content.decode()


def test_an_address_can_be_suppressed_and_used_again(admin_client: Client) -> None:
    fields = {"channel": "email", "endpoint": "Alice@Kites.example", "cause": "bounce", "reason": "550"}
    assert admin_client.post(place(Suppression, "add"), fields).status_code == 302
    row = Suppression.objects.get(endpoint="alice@kites.example")
    admin_client.post(place(Suppression, "delete", row.pk), {"post": "yes"})
    assert not Suppression.objects.exists()


def test_an_address_is_of_a_channel_that_has_addresses(admin_client: Client) -> None:
    text = admin_client.get(place(Suppression, "add")).content.decode()
    assert '<option value="email" selected>' in text
    assert '<option value="app"' not in text
    assert "Address:</label>" in text
    fields = {"channel": "app", "endpoint": "alice@kites.example", "cause": "by hand"}
    assert admin_client.post(place(Suppression, "add"), fields).status_code == 200
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("alice@kites.example", True),
        (" Alice@Kites.Example", True),
        ("kites", False),
        ("'; --", False),
        ("\0", False),
    ],
)
def test_a_suppressed_address_is_searched_by_all_of_it(
    admin_client: Client, text: str, is_found: bool
) -> None:
    suppress("email", "alice@kites.example", Cause.BOUNCE)
    answer = admin_client.get(place(Suppression, "changelist"), {"q": text})
    assert answer.status_code == 200
    assert bool(answer.context["cl"].result_list) == (is_found or text == "\0")


def test_the_cause_is_listed_and_filtered_by(admin_client: Client) -> None:
    suppress("email", "alice@kites.example", Cause.BOUNCE)
    suppress("email", "bob@kites.example", Cause.COMPLAINT)
    text = admin_client.get(place(Suppression, "changelist"), {"cause__exact": "complaint"}).content.decode()
    assert "bob@kites.example" in text
    assert "alice@kites.example" not in text
    assert "complaint" in text


def test_several_are_lifted_at_once(admin_client: Client) -> None:
    suppress("email", "alice@kites.example", Cause.BOUNCE)
    suppress("email", "bob@kites.example", Cause.COMPLAINT)
    page = place(Suppression, "changelist")
    assert "Lift: use these addresses again" in admin_client.get(page).content.decode()
    keys = list(Suppression.objects.values_list("pk", flat=True))
    admin_client.post(page, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert not is_suppressed("email", "alice@kites.example")
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("text", ["kite:0", "1", "abc", "9" * 30, "'; --"])
def test_mutes_are_searched_by_object_or_person(admin_client: Client, alice: Person, text: str) -> None:
    Mute.objects.create(person=alice, about="kite:0")
    answer = admin_client.get(place(Mute, "changelist"), {"q": text})
    assert answer.status_code == 200
    assert bool(answer.context["cl"].result_list) == (text in ("kite:0", str(alice.pk)))


@pytest.mark.parametrize("model", EDITABLE)
def test_each_row_can_be_deleted(admin_client: Client, alice: Person, model: type[models.Model]) -> None:
    fill([alice.pk])
    row = model._default_manager.latest("pk")
    assert admin_client.post(place(model, "delete", row.pk), {"post": "yes"}).status_code == 302
    assert not model._default_manager.filter(pk=row.pk).exists()


def test_all_of_them_are_on_the_first_page(admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:app_list", args=["engagement"])).content.decode()
    for model in EDITABLE:
        assert f'href="{place(model, "changelist")}"' in text
