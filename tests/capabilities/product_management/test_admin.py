"""Products for staff: looked at, not changed, as nobody would be told."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Organisation, Person
from capabilities.product_management.models import Product
from capabilities.product_management.services import ProductManagementService

pytestmark = pytest.mark.django_db


@pytest.fixture
def kite(organisation: Organisation, bob: Person) -> Product:
    return ProductManagementService.create_product({"name": "Kite"}, bob, organisation)


def place(page: str, *args: int) -> str:
    return reverse(f"admin:product_management_product_{page}", args=args)


def test_every_page_can_be_opened(admin_client: Client, kite: Product) -> None:
    assert admin_client.get(place("changelist")).status_code == 200
    assert admin_client.get(place("changelist"), {"q": "kite"}).context["cl"].result_count == 1
    assert admin_client.get(place("change", kite.pk)).status_code == 200
    assert admin_client.get(place("delete", kite.pk)).status_code == 200


def test_a_product_is_not_added_here(admin_client: Client) -> None:
    assert admin_client.get(place("add")).status_code == 403
    assert admin_client.post(place("add"), {"name": "Kite"}).status_code == 403
    assert not Product.objects.exists()


def test_what_is_published_is_not_changed_here(admin_client: Client, kite: Product) -> None:
    fields = {
        "name": "Changed",
        "description": "Changed",
        "website": "https://changed.example/",
        "organisation": kite.organisation_id,
        "person": "",
        "roles-TOTAL_FORMS": 0,
        "roles-INITIAL_FORMS": 0,
    }
    assert admin_client.post(place("change", kite.pk), fields).status_code == 302
    kite.refresh_from_db()
    assert (kite.name, kite.description, kite.website) == ("Kite", "", "")


def test_a_product_keeps_one_owner(admin_client: Client, kite: Product, alice: Person) -> None:
    fields = {
        "organisation": kite.organisation_id,
        "person": alice.pk,
        "roles-TOTAL_FORMS": 0,
        "roles-INITIAL_FORMS": 0,
    }
    answer = admin_client.post(place("change", kite.pk), fields)
    assert answer.status_code == 200
    assert "A product belongs to an organisation or to a person." in answer.content.decode()


def test_the_list_takes_as_many_queries_for_many_as_for_one(
    admin_client: Client, kite: Product, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    admin_client.get(place("changelist"))
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(place("changelist"))
    Product.objects.bulk_create(Product(name=f"Kite {n}", organisation=kite.organisation) for n in range(30))
    with django_assert_num_queries(len(captured)):
        admin_client.get(place("changelist"))
