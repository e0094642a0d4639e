"""People and organisations for staff."""

import pytest
from django.test import Client
from django.urls import reverse

from capabilities.people.models import Organisation, Person
from engagement.models import AppNotification
from tests.engagement.samples import notified

pytestmark = pytest.mark.django_db


def test_every_page_can_be_opened(admin_client: Client, organisation: Organisation, alice: Person) -> None:
    for name, pk in (("person", alice.pk), ("organisation", organisation.pk)):
        for page, args in (("changelist", []), ("add", []), ("change", [pk]), ("delete", [pk])):
            answer = admin_client.get(reverse(f"admin:people_{name}_{page}", args=args))
            assert answer.status_code == 200, (name, page)


def test_people_and_organisations_can_be_searched_for(
    admin_client: Client, organisation: Organisation
) -> None:
    people = admin_client.get(reverse("admin:people_person_changelist"), {"q": "arden"})
    assert [person.username for person in people.context["cl"].result_list] == ["alice"]
    organisations = admin_client.get(reverse("admin:people_organisation_changelist"), {"q": "kite"})
    assert list(organisations.context["cl"].result_list) == [organisation]


def test_a_role_can_be_given_in_the_organisations_page(admin_client: Client, alice: Person) -> None:
    made = Organisation.objects.create(name="New Works")
    fields = {
        "name": "New Works",
        "roles-TOTAL_FORMS": 1,
        "roles-INITIAL_FORMS": 0,
        "roles-0-person": alice.pk,
        "roles-0-role": "owner",
        "roles-0-organisation": made.pk,
    }
    answer = admin_client.post(reverse("admin:people_organisation_change", args=[made.pk]), fields)
    assert answer.status_code == 302
    assert made.roles.get().person == alice


def test_deleting_a_person_in_the_admin_deletes_what_concerned_them(
    admin_client: Client, alice: Person, bob: Person
) -> None:
    notified(alice)
    theirs = notified(bob)
    answer = admin_client.post(reverse("admin:people_person_delete", args=[alice.pk]), {"post": "yes"})
    assert answer.status_code == 302
    assert list(AppNotification.objects.all()) == [theirs]
