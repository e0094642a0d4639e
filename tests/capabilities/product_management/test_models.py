"""Product: who it belongs to."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from capabilities.people.models import Organisation, Person
from capabilities.product_management.models import Product, ProductRole

pytestmark = pytest.mark.django_db


def test_a_product_belongs_to_an_organisation_or_a_person(organisation: Organisation, alice: Person) -> None:
    for owners in ({}, {"organisation": organisation, "person": alice}):
        with pytest.raises(ValidationError, match="to an organisation or to a person"):
            Product(name="Kite", **owners).full_clean()
        with pytest.raises(IntegrityError, match="product_has_one_owner"), transaction.atomic():
            Product.objects.create(name="Kite", **owners)


def test_a_product_has_a_page(alice: Person) -> None:
    product = Product.objects.create(name="Kite", person=alice)
    assert product.get_absolute_url() == f"/products/{product.pk}/"
    assert str(product) == "Kite"


def test_a_person_has_one_role_in_a_product(alice: Person) -> None:
    product = Product.objects.create(name="Kite", person=alice)
    made = ProductRole.objects.create(product=product, person=alice, role="admin")
    assert str(made) == "Alice Arden: admin of Kite"
    with pytest.raises(IntegrityError, match="product_role_once"), transaction.atomic():
        ProductRole.objects.create(product=product, person=alice, role="manager")


def test_a_role_that_there_is_not_is_refused(alice: Person) -> None:
    product = Product.objects.create(name="Kite", person=alice)
    with pytest.raises(IntegrityError, match="product_role_known"), transaction.atomic():
        ProductRole.objects.create(product=product, person=alice, role="boss")
