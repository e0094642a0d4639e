"""Person, Organisation and the roles of one in the other."""

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from capabilities.people.models import Organisation, OrganisationRole, Person
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


def test_a_person_is_the_user_of_the_project() -> None:
    assert get_user_model() is Person


def test_a_person_is_called_by_name_or_else_by_username(alice: Person) -> None:
    assert (str(alice), str(make_person("nameless"))) == ("Alice Arden", "nameless")


def test_a_person_has_one_role_in_an_organisation(organisation: Organisation, alice: Person) -> None:
    with pytest.raises(IntegrityError, match="organisation_role_once"), transaction.atomic():
        OrganisationRole.objects.create(organisation=organisation, person=alice, role="member")


def test_a_role_that_there_is_not_is_refused(organisation: Organisation) -> None:
    with pytest.raises(IntegrityError, match="organisation_role_known"), transaction.atomic():
        OrganisationRole.objects.create(organisation=organisation, person=make_person("eve"), role="boss")


def test_an_organisation_knows_its_people(organisation: Organisation, dave: Person) -> None:
    assert organisation.people.count() == 4
    assert list(dave.organisations.all()) == [organisation]
    assert str(organisation.roles.get(person=dave)) == "Dave Doyle: member of Kite Works"


def test_organisations_are_named_differently(organisation: Organisation) -> None:
    with pytest.raises(IntegrityError, match="name"), transaction.atomic():
        Organisation.objects.create(name=organisation.name)
