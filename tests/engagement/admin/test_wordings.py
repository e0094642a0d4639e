"""Who may write a wording, and the way back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from capabilities.people.models import Person
from engagement.models import NotificationTemplate
from engagement.wording import find
from tests.engagement.admin.pages import CHOSEN, add, change, look, place, row
from tests.engagement.samples import published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


# Who may


@pytest.fixture
def staff(client: Client, bob: Person) -> Callable[..., Client]:
    """Return a function that logs Bob in as staff with these permissions on wordings."""

    def log_in(*actions: str) -> Client:
        Person.objects.filter(pk=bob.pk).update(is_staff=True)
        names = [f"{action}_notificationtemplate" for action in actions]
        bob.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(bob)
        return client

    return log_in


def test_staff_without_a_permission_see_nothing(staff: Callable[..., Client]) -> None:
    saved, client = row(), staff()
    for page in ("change", "history", "delete"):
        assert client.get(place(NotificationTemplate, page, saved.pk)).status_code == 403
    assert client.get(place(NotificationTemplate, "history_of")).status_code == 403
    assert look(client).status_code == 403
    assert add(client).status_code == 403
    assert change(client, saved).status_code == 403


def test_staff_who_may_look_see_the_text_but_not_what_happened(staff: Callable[..., Client]) -> None:
    published(Told(people=[], name="Parafoil"))
    saved, client = row(), staff("view")
    text = client.get(place(NotificationTemplate, "change", saved.pk)).content.decode()
    assert "<code>{{ people }}</code>" in text
    assert "Parafoil" not in text
    assert 'name="_preview"' not in text
    assert client.get(place(NotificationTemplate, "history", saved.pk)).status_code == 200
    assert change(client, saved).status_code == 403


def test_staff_who_may_only_add_do_so_without_a_preview(staff: Callable[..., Client]) -> None:
    published(Told(people=[], name="Parafoil"))
    client = staff("add")
    assert "Parafoil" not in look(client, **CHOSEN, start="file").content.decode()
    assert add(client, _preview="Preview").status_code == 403
    assert add(client).status_code == 302


def test_staff_who_may_not_delete_cannot_go_back(staff: Callable[..., Client]) -> None:
    saved, client = row(), staff("view", "change")
    assert (
        "Back to the file" not in client.get(place(NotificationTemplate, "change", saved.pk)).content.decode()
    )
    assert client.post(place(NotificationTemplate, "delete", saved.pk), {"post": "yes"}).status_code == 403


# Back to the file's text


def test_the_way_back_is_a_button_that_asks_and_shows_what_people_will_read(admin_client: Client) -> None:
    saved = row()
    button = f'href="{place(NotificationTemplate, "delete", saved.pk)}" class="deletelink"'
    page = admin_client.get(place(NotificationTemplate, "change", saved.pk)).content.decode()
    assert button in page
    text = admin_client.get(place(NotificationTemplate, "delete", saved.pk)).content.decode()
    assert "{{ name }} was told" in text
    assert NotificationTemplate.objects.exists()
    admin_client.post(place(NotificationTemplate, "delete", saved.pk), {"post": "yes"})
    assert find("test.told", "app", "en").title == "{{ name }} was told"


def test_it_says_where_there_is_no_file_to_go_back_to(admin_client: Client) -> None:
    saved = row(event_type="test.unheard", title_template="Unheard")
    text = admin_client.get(place(NotificationTemplate, "delete", saved.pk)).content.decode()
    assert "people would get the fallback notification" in text


def test_a_wording_that_is_gone_is_told_of(admin_client: Client) -> None:
    answer = admin_client.get(place(NotificationTemplate, "delete", 10**9), follow=True)
    assert "doesn\u2019t exist" in answer.content.decode()


def test_many_go_back_at_once_after_a_confirmation(admin_client: Client) -> None:
    chosen = [row(language=language).pk for language in ("en", "de")]
    action = {"action": "delete_selected", "_selected_action": chosen}
    page = place(NotificationTemplate, "changelist")
    assert "Back to the file&#x27;s text" in admin_client.get(page).content.decode()
    text = admin_client.post(page, action).content.decode()
    assert "test.told [en.app]: {{ name }}" in text
    assert NotificationTemplate.objects.count() == 2
    admin_client.post(page, action | {"post": "yes"})
    assert not NotificationTemplate.objects.exists()
    assert NotificationTemplate.history.filter(history_type="-").count() == 2


# Queries


def test_the_page_takes_as_many_queries_for_many_events_as_for_one(admin_client: Client) -> None:
    page = place(NotificationTemplate, "change", row().pk)
    published(Told(people=[]))
    admin_client.get(page)
    with CaptureQueriesContext(connection) as few:
        admin_client.get(page)
    for _ in range(19):
        published(Told(people=[]))
    with CaptureQueriesContext(connection) as many:
        admin_client.get(page)
    assert len(many) == len(few)
