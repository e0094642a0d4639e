"""Who hears of products, end to end: from the service to the inboxes."""

import logging
from collections.abc import Iterable

import pytest

from capabilities.people.models import Organisation, OrganisationRole, Person
from capabilities.product_management.events import ProductCreated, ProductUpdated
from capabilities.product_management.models import Product, ProductRole
from capabilities.product_management.notifiers import ProductCreatedNotifier
from capabilities.product_management.services import ProductManagementService
from engagement.models import AppNotification, NotifiableEvent, NotificationPreference
from events.bus import event_bus
from events.drain import drain
from events.models import HandlerRun
from tests.conftest import make_person
from tests.engagement.samples import outcomes_of

pytestmark = pytest.mark.django_db


def titles() -> dict[str, str]:
    """Return what everybody's only notification is called."""
    found = AppNotification.objects.values_list("person__username", "title")
    assert len(found) == len(dict(found))
    return dict(found)


def forget() -> None:
    """Forget the notifications so far."""
    NotifiableEvent.objects.all().delete()


def test_the_creator_hears_that_it_is_live_and_the_managers_that_it_is_new(
    organisation: Organisation, alice: Person
) -> None:
    product = ProductManagementService.create_product({"name": "Kite"}, alice, organisation)
    drain()
    assert titles() == {
        "alice": "Your product Kite is live",
        "bob": "Alice Arden created Kite",
        "carol": "Alice Arden created Kite",
    }
    assert set(AppNotification.objects.values_list("url", flat=True)) == {product.get_absolute_url()}
    assert AppNotification.objects.get(person=alice).reason == "you created this product"


def test_dave_hears_nothing(organisation: Organisation, bob: Person, dave: Person) -> None:
    ProductManagementService.create_product({"name": "Kite"}, bob, organisation)
    drain()
    assert not NotifiableEvent.objects.filter(person=dave).exists()
    assert not AppNotification.objects.filter(person=dave).exists()


def test_the_wordings_are_found_and_not_the_fallback(organisation: Organisation, bob: Person) -> None:
    product = ProductManagementService.create_product({"name": "Kite"}, bob, organisation)
    drain()
    assert set(AppNotification.objects.values_list("message", flat=True)) == {
        "You are its admin. The other managers have been told.",
        "Kite is a new product of yours to look after.",
    }
    forget()
    ProductManagementService.update_product(product, {"name": "Big Kite", "description": "Flies."}, bob)
    drain()
    assert set(AppNotification.objects.values_list("message", flat=True)) == {"Changed: name, description."}


def test_nobody_else_is_said_to_be_told_of_a_product_of_ones_own(dave: Person) -> None:
    ProductManagementService.create_product({"name": "Kite"}, dave)
    drain()
    assert AppNotification.objects.get().message == "You are its admin."


def test_an_update_is_told_to_everybody_with_a_stake_but_who_did_it(
    organisation: Organisation, alice: Person, bob: Person
) -> None:
    product = ProductManagementService.create_product({"name": "Kite"}, bob, organisation)
    drain()
    forget()
    ProductManagementService.update_product(product, {"name": "Big Kite"}, alice)
    drain()
    assert titles() == {"bob": "Alice Arden updated Big Kite", "carol": "Alice Arden updated Big Kite"}
    assert outcomes_of(alice)["app"] == "skipped: own act"


def test_a_manager_of_the_product_hears_of_it_too(organisation: Organisation, bob: Person) -> None:
    product = ProductManagementService.create_product({"name": "Kite"}, bob, organisation)
    drain()
    forget()
    ProductRole.objects.create(product=product, person=make_person("eve"), role="manager")
    ProductManagementService.update_product(product, {"name": "Big Kite"}, bob)
    drain()
    assert set(titles()) == {"alice", "carol", "eve"}


def test_the_owner_of_a_product_of_their_own_hears_that_it_is_live(
    organisation: Organisation, dave: Person
) -> None:
    ProductManagementService.create_product({"name": "Kite"}, dave)
    drain()
    assert titles() == {"dave": "Your product Kite is live"}


def created(product_id: int | None, person_id: int) -> None:
    """Publish as some other system would."""
    event_bus.publish(ProductCreated(product_id=product_id, name="Kite", url="/k/", person_id=person_id))


def test_without_stakeholders_the_person_that_the_event_names_hears_of_it(
    organisation: Organisation, dave: Person
) -> None:
    OrganisationRole.objects.all().delete()
    product = Product.objects.create(name="Kite", organisation=organisation)
    created(product.pk, dave.pk)
    drain()
    assert set(titles()) == {"dave"}


def test_the_stakeholders_are_the_managers_or_else_who_the_event_names(
    organisation: Organisation, alice: Person, bob: Person, carol: Person, dave: Person
) -> None:
    product = Product.objects.create(name="Kite", organisation=organisation)
    event = ProductCreated(product_id=product.pk, name="Kite", url="/k/", person_id=dave.pk)
    assert set(ProductCreatedNotifier().audience(event)) == {alice, bob, carol}
    OrganisationRole.objects.all().delete()
    assert list(ProductCreatedNotifier().audience(event)) == [dave]


def test_the_owning_person_hears_of_what_another_created(alice: Person, dave: Person) -> None:
    product = Product.objects.create(name="Kite", person=dave)
    created(product.pk, alice.pk)
    drain()
    assert titles() == {"alice": "Your product Kite is live", "dave": "Somebody created Kite"}


def errors(records: Iterable[logging.LogRecord]) -> list[str]:
    return [each.getMessage() for each in records if each.levelno >= logging.ERROR]


def assert_cancelled(caplog: pytest.LogCaptureFixture, reason: str) -> None:
    """The run is cancelled for good, an error is in the log, nobody is told."""
    run = HandlerRun.objects.get()
    assert (run.state, run.failed) == ("cancelled", 0)
    assert reason in run.last_error
    found = errors(caplog.records)
    assert found
    assert all(reason in text for text in found)
    assert drain() == 0
    assert not NotifiableEvent.objects.exists()


def test_an_event_that_names_no_product_is_cancelled(
    organisation: Organisation, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    created(None, alice.pk)
    drain()
    assert_cancelled(caplog, "names no product")


def test_an_event_about_a_product_that_is_gone_is_cancelled(
    organisation: Organisation, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    product = ProductManagementService.create_product({"name": "Kite"}, alice, organisation)
    gone = product.pk
    product.delete()
    drain()
    assert_cancelled(caplog, f"is about product {gone}, which is gone")


def test_an_update_of_a_product_that_is_gone_is_cancelled(
    alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    event_bus.publish(
        ProductUpdated(product_id=7, name="Kite", url="/k/", person_id=alice.pk, changed=["name"])
    )
    drain()
    assert_cancelled(caplog, "is about product 7, which is gone")


def test_the_creators_choice_holds_for_them_too(organisation: Organisation, alice: Person) -> None:
    NotificationPreference.objects.create(person=alice, event_type="product.created", type="none")
    ProductManagementService.create_product({"name": "Kite"}, alice, organisation)
    drain()
    assert set(titles()) == {"bob", "carol"}
    assert outcomes_of(alice)["app"] == "skipped: choice for this event type"


def test_email_is_accounted_for_everybody(organisation: Organisation, alice: Person) -> None:
    ProductManagementService.create_product({"name": "Kite"}, alice, organisation)
    drain()
    outcomes = NotifiableEvent.objects.values_list("outcomes__email", flat=True)
    assert list(outcomes) == ["skipped: channel not configured"] * 3


HOSTILE = ["<script>alert(1)</script>", "{{ url }}{% debug %}", "{0.__class__} %s", "a\r\nb", "x" * 200]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(organisation: Organisation, alice: Person, name: str) -> None:
    ProductManagementService.create_product({"name": name}, alice, organisation)
    drain()
    assert titles()["bob"] == f"Alice Arden created {' '.join(name.split())}"


def test_a_person_without_a_name_is_called_by_their_username(organisation: Organisation) -> None:
    eve = make_person("eve")
    OrganisationRole.objects.create(organisation=organisation, person=eve, role="manager")
    ProductManagementService.create_product({"name": "Kite"}, eve, organisation)
    drain()
    assert titles()["bob"] == "eve created Kite"
