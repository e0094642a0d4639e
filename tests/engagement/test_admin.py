"""The admin: what happened can be read by staff and changed by nobody; preferences and wordings can be edited."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import (
    AppNotification,
    AppNotificationTemplate,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
    NotificationTemplate,
)
from tests.conftest import make_people
from tests.engagement.samples import planned, published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

READ_ONLY = [NotifiableEvent, NotificationBatch, AppNotification]
EDITABLE = [NotificationPreference, NotificationTemplate]


def place(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:engagement_{model._meta.model_name}_{page}", args=args)


def fill(people: list[int]) -> None:
    """Give every admin page something to show: one row for each of these people at least."""
    fan_out(published(Told(people=people)))
    NotificationPreference.objects.bulk_create(
        NotificationPreference(person_id=pk, category="product", type="none") for pk in people
    )
    for number, _ in enumerate(people):
        AppNotificationTemplate.objects.create(
            event_type="test.told", title_template="{{ name }}", language=f"x{number}"
        )
        planned(published(Told(people=[])), people[:1])


@pytest.fixture
def filled(alice: Person) -> None:
    fill([alice.pk])


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", [*READ_ONLY, *EDITABLE])
def test_every_page_can_be_opened(admin_client: Client, model: type[models.Model]) -> None:
    row = model._default_manager.latest("pk")
    assert admin_client.get(place(model, "changelist")).status_code == 200
    assert admin_client.get(place(model, "change", row.pk)).status_code == 200
    assert admin_client.get(place(model, "history", row.pk)).status_code == 200


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", READ_ONLY)
def test_what_happened_cannot_be_added_to_changed_or_deleted(
    admin_client: Client, model: type[models.Model]
) -> None:
    row = model._default_manager.latest("pk")
    before = list(model._default_manager.values())
    for page in ("add", "change", "delete"):
        args = [] if page == "add" else [row.pk]
        answer = admin_client.post(place(model, page, *args), {"event_type": "test.pinged", "post": "yes"})
        assert answer.status_code == 403, page
    assert admin_client.get(place(model, "add")).status_code == 403
    assert admin_client.get(place(model, "delete", row.pk)).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    admin_client.post(place(model, "changelist"), action)
    assert list(model._default_manager.values()) == before


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", READ_ONLY)
def test_a_page_of_what_happened_has_no_field_to_fill_in(
    admin_client: Client, model: type[models.Model]
) -> None:
    row = model._default_manager.latest("pk")
    text = admin_client.get(place(model, "change", row.pk)).content.decode()
    assert 'name="_save"' not in text
    assert 'name="event' not in text


@pytest.mark.parametrize("model", [*READ_ONLY, *EDITABLE])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(
    admin_client: Client, model: type[models.Model]
) -> None:
    people = make_people(20)
    fill(people[:2])
    admin_client.get(place(model, "changelist"))
    with CaptureQueriesContext(connection) as few:
        admin_client.get(place(model, "changelist"))
    NotificationPreference.objects.all().delete()
    NotificationTemplate.objects.all().delete()
    fill(people)
    with CaptureQueriesContext(connection) as many:
        admin_client.get(place(model, "changelist"))
    assert len(many) == len(few)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", [*READ_ONLY, *EDITABLE])
def test_who_is_not_staff_sees_nothing(client: Client, alice: Person, model: type[models.Model]) -> None:
    client.force_login(alice)
    assert client.get(place(model, "changelist")).status_code == 302


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", READ_ONLY)
def test_staff_need_the_permission_to_look(client: Client, bob: Person, model: type[models.Model]) -> None:
    Person.objects.filter(pk=bob.pk).update(is_staff=True)
    client.force_login(bob)
    assert client.get(place(model, "changelist")).status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename=f"view_{model._meta.model_name}"))
    assert client.get(place(model, "changelist")).status_code == 200


@pytest.mark.usefixtures("filled")
def test_the_outcomes_are_listed(admin_client: Client) -> None:
    text = admin_client.get(place(NotifiableEvent, "changelist")).content.decode()
    assert "created: default" in text
    assert "skipped: channel not configured" in text
    assert "undecided" in text


def test_the_outcomes_are_on_the_page_of_each(admin_client: Client, alice: Person) -> None:
    fan_out(published(Told(people=[alice.pk])))
    answer = admin_client.get(place(NotifiableEvent, "change", NotifiableEvent.objects.get().pk))
    assert "skipped: channel not configured" in answer.content.decode()


def test_a_secret_is_masked(admin_client: Client, alice: Person) -> None:
    row = NotifiableEvent.objects.create(
        person=alice, event_type="test.whispered", params={"code": "open sesame"}
    )
    answer = admin_client.get(place(NotifiableEvent, "change", row.pk))
    assert "open sesame" not in answer.content.decode()


@pytest.mark.usefixtures("filled")
def test_the_counts_of_a_batch_are_listed(admin_client: Client) -> None:
    text = admin_client.get(place(NotificationBatch, "changelist")).content.decode()
    for column in ("recipients", "created", "skipped", "fallbacks", "state", "attempts"):
        assert f"column-{column}" in text


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_is_about_somebody_deleted_can_still_be_read(
    admin_client: Client, alice: Person, model: type[models.Model]
) -> None:
    fan_out(published(Told(people=[alice.pk])))
    Person.objects.filter(pk=alice.pk)._raw_delete("default")
    row = model._default_manager.latest("pk")
    assert admin_client.get(place(model, "changelist")).status_code == 200
    assert admin_client.get(place(model, "change", row.pk)).status_code == 200


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", READ_ONLY)
@pytest.mark.parametrize("text", ["1", "abc", "'; --", "9" * 30, "\0", "é", "-1"])
def test_any_search_is_harmless(admin_client: Client, model: type[models.Model], text: str) -> None:
    assert admin_client.get(place(model, "changelist"), {"q": text}).status_code == 200


@pytest.mark.parametrize("model", [NotifiableEvent, AppNotification])
def test_a_search_finds_what_concerns_a_person(
    admin_client: Client, alice: Person, bob: Person, model: type[models.Model]
) -> None:
    fan_out(published(Told(people=[alice.pk, bob.pk])))
    answer = admin_client.get(place(model, "changelist"), {"q": str(bob.pk)})
    found = answer.context["cl"].result_list
    assert bob.pk in [row.person_id for row in found]
    assert len(found) == 1 or str(bob.pk) == str(found[0].event_log_id)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("state", ["pending", "succeeded", "dead", "nonsense"])
def test_batches_are_filtered_by_state(admin_client: Client, state: str) -> None:
    answer = admin_client.get(place(NotificationBatch, "changelist"), {"state__exact": state})
    found = answer.context["cl"].result_list
    assert {each.state for each in found} <= {state}
    assert bool(found) == (state in {"pending", "succeeded"})


# What can be edited


def template_fields(**fields: Any) -> dict[str, Any]:
    return {
        "event_type": "test.told",
        "channel": "app",
        "language": "en",
        "title_template": "{{ name }}",
        "message_template": "",
        "is_active": "on",
    } | fields


def test_a_wording_can_be_written(admin_client: Client) -> None:
    answer = admin_client.post(place(NotificationTemplate, "add"), template_fields())
    assert answer.status_code == 302
    assert NotificationTemplate.objects.get().title_template == "{{ name }}"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title_template": "{{ colour }}"}, "there is no parameter colour"),
        ({"message_template": "{% for %}"}, "Invalid block tag"),
        ({"message_template": "x" * 4_001}, "at most 4000 characters"),
        ({"event_type": "test.tolt"}, "No notifier or event type is called"),
        ({"title_template": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_a_wrong_wording_is_sent_back_with_the_error(
    admin_client: Client, fields: dict[str, str], error: str
) -> None:
    answer = admin_client.post(place(NotificationTemplate, "add"), template_fields(**fields))
    assert answer.status_code == 200
    assert error in answer.content.decode()
    assert not NotificationTemplate.objects.exists()


def test_a_wrong_change_of_a_wording_is_sent_back(admin_client: Client) -> None:
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="{{ name }}")
    fields = template_fields(title_template="{{ colour }}")
    answer = admin_client.post(place(NotificationTemplate, "change", row.pk), fields)
    assert "there is no parameter colour" in answer.content.decode()


def test_the_slug_of_a_saved_wording_stays(admin_client: Client) -> None:
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="{{ name }}")
    fields = template_fields(event_type="test.pinged", title_template="{{ url }}")
    assert admin_client.post(place(NotificationTemplate, "change", row.pk), fields).status_code == 302
    row.refresh_from_db()
    assert (row.event_type, row.title_template) == ("test.told", "{{ url }}")


def test_the_page_of_a_wording_lists_its_parameters(admin_client: Client) -> None:
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="{{ name }}")
    text = admin_client.get(place(NotificationTemplate, "change", row.pk)).content.decode()
    assert "name, people, person, reason, site, url" in text


def test_a_wording_whose_slug_is_gone_is_sent_back(admin_client: Client) -> None:
    row = AppNotificationTemplate.objects.create(event_type="test.told", title_template="x")
    NotificationTemplate.objects.filter(pk=row.pk).update(event_type="test.forgotten")
    answer = admin_client.post(place(NotificationTemplate, "change", row.pk), template_fields())
    assert answer.status_code == 200
    assert "No notifier or event type is called" in answer.content.decode()


@pytest.mark.parametrize(
    ("scope", "saved"),
    [
        ({"event_type": "test.told"}, True),
        ({"category": "product"}, True),
        ({}, False),
        ({"event_type": "test.told", "category": "product"}, False),
        ({"event_type": "test.tolt"}, False),
    ],
)
def test_a_preference_can_be_written_for_one_thing(
    admin_client: Client, alice: Person, scope: dict[str, str], saved: bool
) -> None:
    fields = {"person": alice.pk, "type": "none", "event_type": "", "category": ""} | scope
    answer = admin_client.post(place(NotificationPreference, "add"), fields)
    assert answer.status_code == (302 if saved else 200)
    assert NotificationPreference.objects.exists() == saved


def test_a_preference_and_a_wording_can_be_deleted(admin_client: Client, alice: Person) -> None:
    fill([alice.pk])
    for model in (NotificationPreference, NotificationTemplate):
        row = model._default_manager.latest("pk")
        answer = admin_client.post(place(model, "delete", row.pk), {"post": "yes"})
        assert answer.status_code == 302
        assert not model._default_manager.filter(pk=row.pk).exists()
