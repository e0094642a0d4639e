"""What happened can be read by staff, and changed by nobody."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch, Retraction
from engagement.registry import MASK
from tests.conftest import make_people
from tests.engagement.admin.pages import ABOUT_PEOPLE, FILLED, READ_ONLY, empty, fill, place
from tests.engagement.samples import published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(alice: Person) -> None:
    fill([alice.pk])


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", FILLED)
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


@pytest.mark.parametrize("model", FILLED)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(
    admin_client: Client, model: type[models.Model]
) -> None:
    people = make_people(20)
    fill(people[:2])
    admin_client.get(place(model, "changelist"))
    with CaptureQueriesContext(connection) as few:
        admin_client.get(place(model, "changelist"))
    empty()
    fill(people)
    with CaptureQueriesContext(connection) as many:
        admin_client.get(place(model, "changelist"))
    assert len(many) == len(few)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", FILLED)
def test_who_is_not_staff_sees_nothing(client: Client, alice: Person, model: type[models.Model]) -> None:
    client.force_login(alice)
    assert client.get(place(model, "changelist")).status_code == 302


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("model", [*ABOUT_PEOPLE, Retraction])
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


@pytest.mark.parametrize("model", ABOUT_PEOPLE)
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


# Secrets


@pytest.fixture
def secret(alice: Person) -> AppNotification:
    """A notification whose texts tell a one-time code."""
    concerned = NotifiableEvent.objects.create(person=alice, event_type="test.whispered")
    return AppNotification.objects.create(
        event=concerned,
        person=alice,
        event_type="test.whispered",
        category="test",
        title="Code: open sesame",
        message="It is open sesame.",
        url="/open sesame/",
    )


def test_a_secret_that_was_told_is_masked_in_the_list_and_on_its_page(
    admin_client: Client, secret: AppNotification
) -> None:
    for page in (
        place(AppNotification, "changelist"),
        place(AppNotification, "change", secret.pk),
        place(AppNotification, "history", secret.pk),
    ):
        text = admin_client.get(page).content.decode()
        assert MASK in text
        assert "open sesame" not in text


def test_a_secret_that_was_told_cannot_be_searched_for(admin_client: Client, secret: AppNotification) -> None:
    answer = admin_client.get(place(AppNotification, "changelist"), {"q": "open sesame"})
    assert not answer.context["cl"].result_list
    assert b"/open sesame/" not in answer.content


def test_a_secret_that_was_told_is_masked_when_its_person_is_deleted(
    admin_client: Client, secret: AppNotification
) -> None:
    page = reverse("admin:people_person_delete", args=[secret.person_id])
    assert "open sesame" not in admin_client.get(page).content.decode()


def test_what_is_no_secret_is_shown(admin_client: Client, alice: Person) -> None:
    fan_out(published(Told(people=[alice.pk], name="Parafoil")))
    row = AppNotification.objects.get()
    for page in (place(AppNotification, "changelist"), place(AppNotification, "change", row.pk)):
        assert "Parafoil was told" in admin_client.get(page).content.decode()


def test_the_person_reads_the_secret(client: Client, secret: AppNotification) -> None:
    client.force_login(secret.person)
    assert "Code: open sesame" in client.get(reverse("engagement:inbox")).content.decode()
