"""ProductManagementService: the rows and the event are there together, or neither is."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from capabilities.people.models import Organisation, OrganisationRole, Person
from capabilities.product_management.events import ProductUpdated
from capabilities.product_management.models import Product, ProductRole
from capabilities.product_management.services import ProductManagementService, stakeholders
from events.bus import EventLog, EventTypes, Payload, UnknownEventType
from tests.conftest import make_person

pytestmark = pytest.mark.django_db

create = ProductManagementService.create_product
update = ProductManagementService.update_product


def test_a_product_of_the_organisation_is_created(organisation: Organisation, bob: Person) -> None:
    data = {"name": "Kite", "description": "Flies.", "website": "https://kite.example/"}
    product = create(data, bob, organisation)
    product.refresh_from_db()
    assert (product.name, product.description, product.website) == (*data.values(),)
    assert (product.organisation, product.person) == (organisation, None)


def test_the_creator_becomes_its_admin(organisation: Organisation, bob: Person) -> None:
    product = create({"name": "Kite"}, bob, organisation)
    assert [(role.person, role.role) for role in product.roles.all()] == [(bob, "admin")]


def test_the_event_has_all_that_the_requirements_name(organisation: Organisation, bob: Person) -> None:
    product = create({"name": "Kite"}, bob, organisation)
    log = EventLog.objects.get()
    assert log.type == EventTypes.PRODUCT_CREATED == "product.created"
    assert log.payload == {
        "product_id": product.pk,
        "name": "Kite",
        "url": f"/products/{product.pk}/",
        "person_id": bob.pk,
        "person_name": "Bob Byrne",
        "organisation_id": organisation.pk,
    }
    assert (log.actor_id, log.about) == (bob.pk, f"product_management.product:{product.pk}")


def test_without_an_organisation_it_is_the_persons_own(dave: Person) -> None:
    product = create({"name": "Kite"}, dave)
    assert (product.organisation, product.person) == (None, dave)
    assert EventLog.objects.get().payload["organisation_id"] is None


@pytest.mark.parametrize("username", ["dave", "eve"])
def test_who_does_not_manage_the_organisation_cannot_create_for_it(
    organisation: Organisation, username: str
) -> None:
    make_person("eve")
    with pytest.raises(PermissionDenied, match="does not manage Kite Works"):
        create({"name": "Kite"}, Person.objects.get(username=username), organisation)
    assert not Product.objects.exists()
    assert not EventLog.objects.exists()


def test_a_rollback_takes_the_product_and_the_event_back(organisation: Organisation, bob: Person) -> None:
    def create_and_fail() -> None:
        with transaction.atomic():
            create({"name": "Kite"}, bob, organisation)
            raise RuntimeError("Something else failed.")

    with pytest.raises(RuntimeError):
        create_and_fail()
    assert not Product.objects.exists()
    assert not ProductRole.objects.exists()
    assert not EventLog.objects.exists()


def test_a_product_that_cannot_be_published_is_not_there(
    organisation: Organisation, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(EventTypes._by_name, "product.created")
    with pytest.raises(UnknownEventType):
        create({"name": "Kite"}, bob, organisation)
    assert not Product.objects.exists()
    assert not ProductRole.objects.exists()


WRONG: list[dict[str, Any]] = [
    {},
    {"name": ""},
    {"name": "x" * 201},
    {"name": "Kite", "website": "javascript:alert(1)"},
    {"name": "Kite", "website": "no address"},
    {"name": None},
]


@pytest.mark.parametrize("data", WRONG)
def test_wrong_data_creates_nothing(organisation: Organisation, bob: Person, data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        create(data, bob, organisation)
    assert not Product.objects.exists()
    assert not EventLog.objects.exists()


@pytest.mark.parametrize("name", ["Ki\0te", "Ki\ud800te"])
def test_a_name_that_cannot_be_stored_is_wrong_data(
    organisation: Organisation, bob: Person, name: str
) -> None:
    with pytest.raises(ValidationError), transaction.atomic():
        create({"name": name}, bob, organisation)


def test_a_description_that_is_too_long_is_wrong_data(organisation: Organisation, bob: Person) -> None:
    with pytest.raises(ValidationError):
        create({"name": "Kite", "description": "x" * 4_001}, bob, organisation)


HOSTILE = [
    "<script>alert(1)</script>",
    "{{ url }}{% debug %}{0.__class__}%s%(name)s",
    "'; DROP TABLE people_person; --",
    "Kite\r\nBcc: everybody@example.com",
    "👩‍👩‍👧 \u202egnirts مرحبا",
    "x" * 200,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_other_name_is_a_name(organisation: Organisation, bob: Person, name: str) -> None:
    product = create({"name": name}, bob, organisation)
    product.refresh_from_db()
    assert product.name == EventLog.objects.get().payload["name"] == name


def test_form_data_cannot_set_what_is_not_editable(organisation: Organisation, dave: Person) -> None:
    product = create({"name": "Kite", "pk": 7, "id": 7, "organisation": organisation, "person": None}, dave)
    assert (product.organisation, product.person) == (None, dave)
    assert product.pk != 7


# update_product


@pytest.fixture
def kite(organisation: Organisation, bob: Person) -> Product:
    """A product of the organisation, made by Bob; its event is forgotten."""
    made = create({"name": "Kite", "description": "Flies."}, bob, organisation)
    EventLog.objects.all().delete()
    return made


def test_a_change_is_saved_and_published(kite: Product, carol: Person) -> None:
    update(kite, {"name": "Big Kite", "description": "Flies."}, carol)
    kite.refresh_from_db()
    assert (kite.name, kite.description) == ("Big Kite", "Flies.")
    log = EventLog.objects.get()
    assert log.type == "product.updated"
    assert log.payload == {
        "product_id": kite.pk,
        "name": "Big Kite",
        "url": f"/products/{kite.pk}/",
        "person_id": carol.pk,
        "person_name": "Carol Cheng",
        "organisation_id": kite.organisation_id,
        "changed": ["name"],
    }
    assert (log.actor_id, log.about) == (carol.pk, f"product_management.product:{kite.pk}")


def test_every_changed_field_is_named(kite: Product, bob: Person) -> None:
    update(kite, {"website": "https://k.example/", "description": "", "name": "Kite"}, bob)
    assert EventLog.objects.get().payload["changed"] == ["description", "website"]


@pytest.mark.parametrize(
    "data", [{}, {"name": "Kite"}, {"name": "Kite", "description": "Flies.", "website": ""}]
)
def test_no_change_publishes_nothing(kite: Product, bob: Person, data: dict[str, str]) -> None:
    assert update(kite, data, bob) == kite
    assert not EventLog.objects.exists()


@pytest.mark.parametrize("data", [{"name": ""}, {"name": "x" * 201}, {"website": "javascript:alert(1)"}])
def test_a_wrong_change_changes_nothing(kite: Product, bob: Person, data: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        update(kite, data, bob)
    kite.refresh_from_db()
    assert (kite.name, kite.website) == ("Kite", "")
    assert not EventLog.objects.exists()


def test_a_change_and_its_event_roll_back_together(kite: Product, bob: Person) -> None:
    def update_and_fail() -> None:
        with transaction.atomic():
            update(kite, {"name": "Big Kite"}, bob)
            raise RuntimeError("Something else failed.")

    with pytest.raises(RuntimeError):
        update_and_fail()
    kite.refresh_from_db()
    assert kite.name == "Kite"
    assert not EventLog.objects.exists()


def test_a_change_that_cannot_be_published_is_not_there(
    kite: Product, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload: type[Payload] = ProductUpdated
    monkeypatch.delitem(EventTypes._by_payload, payload)
    with pytest.raises(UnknownEventType):
        update(kite, {"name": "Big Kite"}, bob)
    kite.refresh_from_db()
    assert kite.name == "Kite"


def test_a_stale_instance_overwrites_nothing(kite: Product, bob: Person) -> None:
    stale = Product.objects.get(pk=kite.pk)
    update(kite, {"name": "Big Kite"}, bob)
    update(stale, {"description": "Sinks."}, bob)
    kite.refresh_from_db()
    assert (kite.name, kite.description) == ("Big Kite", "Sinks.")


def test_the_organisation_is_not_changed_by_form_data(kite: Product, bob: Person) -> None:
    other = Organisation.objects.create(name="Other Works")
    update(kite, {"name": "Big Kite", "organisation": other, "organisation_id": other.pk}, bob)
    kite.refresh_from_db()
    assert kite.organisation != other


def test_who_does_not_manage_it_cannot_change_it(kite: Product, dave: Person) -> None:
    with pytest.raises(PermissionDenied, match="does not manage Kite"):
        update(kite, {"name": "Dave's"}, dave)
    kite.refresh_from_db()
    assert kite.name == "Kite"


# Who has a stake


def test_the_managers_of_the_product_and_of_its_organisation_have_a_stake(
    kite: Product, alice: Person, bob: Person, carol: Person, dave: Person
) -> None:
    eve, mallory = make_person("eve"), make_person("mallory")
    ProductRole.objects.create(product=kite, person=eve, role="manager")
    ProductRole.objects.create(product=kite, person=mallory, role="contributor")
    assert set(stakeholders(kite)) == {alice, bob, carol, eve}
    assert stakeholders(kite).count() == 4


def test_the_owner_has_a_stake_in_a_product_of_their_own(dave: Person, organisation: Organisation) -> None:
    product = Product.objects.create(name="Mine", person=dave)
    assert list(stakeholders(product)) == [dave]


@pytest.mark.parametrize(
    ("username", "can_edit"),
    [("alice", True), ("bob", True), ("carol", True), ("dave", False), ("eve", True), ("mallory", False)],
)
def test_who_has_a_stake_can_edit(kite: Product, username: str, can_edit: bool) -> None:
    ProductRole.objects.create(product=kite, person=make_person("eve"), role="manager")
    ProductRole.objects.create(product=kite, person=make_person("mallory"), role="contributor")
    person = Person.objects.get(username=username)
    assert ProductManagementService.can_edit(kite, person) is can_edit


def test_who_managed_it_once_cannot_edit_it_now(kite: Product, carol: Person) -> None:
    OrganisationRole.objects.filter(person=carol).update(role="member")
    assert not ProductManagementService.can_edit(kite, carol)
