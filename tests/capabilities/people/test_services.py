"""RoleService: who manages what."""

import pytest

from capabilities.people.models import Organisation, OrganisationRole, Person
from capabilities.people.services import RoleService
from capabilities.product_management.models import Product, ProductRole
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(dave: Person) -> Organisation:
    """An organisation that Dave owns."""
    made = Organisation.objects.create(name="Other Works")
    OrganisationRole.objects.create(organisation=made, person=dave, role="owner")
    return made


def test_owners_and_managers_manage_an_organisation(
    organisation: Organisation, alice: Person, bob: Person, carol: Person
) -> None:
    assert set(RoleService.get_organisation_managers(organisation)) == {alice, bob, carol}


def test_the_answer_is_a_queryset_of_people(organisation: Organisation, bob: Person) -> None:
    found = RoleService.get_organisation_managers(organisation)
    assert found.model is Person
    assert list(found.filter(username="bob")) == [bob]


def test_nobody_manages_an_organisation_without_people() -> None:
    assert not RoleService.get_organisation_managers(Organisation.objects.create(name="Empty")).exists()


def test_admins_and_managers_manage_a_product(
    alice: Person, bob: Person, carol: Person, dave: Person
) -> None:
    product = Product.objects.create(name="Kite", person=alice)
    other = Product.objects.create(name="Other", person=alice)
    for person, role, of in (
        (bob, "admin", product),
        (carol, "manager", product),
        (dave, "contributor", product),
        (dave, "admin", other),
    ):
        ProductRole.objects.create(product=of, person=person, role=role)
    assert set(RoleService.get_product_managers(product)) == {bob, carol}


@pytest.mark.parametrize(
    ("username", "manages"), [("alice", True), ("bob", True), ("dave", False), ("eve", False)]
)
def test_managing_is_asked_of_one_person(organisation: Organisation, username: str, manages: bool) -> None:
    make_person("eve")
    person = Person.objects.get(username=username)
    assert RoleService.manages_organisation(person, organisation) is manages


def test_managing_one_organisation_is_not_managing_another(
    organisation: Organisation, other: Organisation, alice: Person, dave: Person
) -> None:
    assert not RoleService.manages_organisation(alice, other)
    assert RoleService.manages_organisation(dave, other)


def test_the_organisations_that_a_person_manages_are_found(
    organisation: Organisation, other: Organisation, bob: Person, dave: Person
) -> None:
    assert list(RoleService.get_managed_organisations(bob)) == [organisation]
    assert list(RoleService.get_managed_organisations(dave)) == [other]
