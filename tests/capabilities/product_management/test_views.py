"""The pages of products."""

import html
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Organisation, OrganisationRole, Person
from capabilities.product_management.models import Product
from capabilities.product_management.services import ProductManagementService
from engagement.models import AppNotification
from events.bus import EventLog
from events.drain import drain

pytestmark = pytest.mark.django_db

NEW = "/products/new/"


@pytest.fixture
def other(alice: Person) -> Organisation:
    """An organisation in which Alice has no say."""
    return Organisation.objects.create(name="Other Works")


@pytest.fixture
def kite(organisation: Organisation, bob: Person) -> Product:
    return ProductManagementService.create_product({"name": "Kite"}, bob, organisation)


def page_of(person: Person, **options: Any) -> Client:
    """Return a browser in which this person is logged in."""
    browser = Client(**options)
    browser.force_login(person)
    return browser


def fields(**given: Any) -> dict[str, Any]:
    return {"name": "Kite", "description": "", "website": "", "owner": ""} | given


@pytest.mark.parametrize("place", ["/products/", NEW, "/products/{}/", "/products/{}/edit/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_one_must_be_logged_in(client: Client, kite: Product, place: str, method: str) -> None:
    answer = getattr(client, method)(place.format(kite.pk), fields(name="Changed"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/?next=/products/")
    kite.refresh_from_db()
    assert kite.name == "Kite"


@pytest.mark.parametrize("place", ["/products/{}/", "/products/{}/edit/"])
@pytest.mark.parametrize("pk", [0, 999_999, 2**63, 10**30, "9" * 5_000, "abc", "-1"])
def test_a_product_that_there_is_not_is_not_found(alice: Person, place: str, pk: object) -> None:
    assert page_of(alice).get(place.format(pk)).status_code == 404


@pytest.mark.parametrize("place", ["/products/", "/products/{}/"])
def test_pages_that_only_show_take_no_post(alice: Person, kite: Product, place: str) -> None:
    assert page_of(alice).post(place.format(kite.pk)).status_code == 405


@pytest.mark.parametrize("place", [NEW, "/products/{}/edit/"])
def test_a_post_without_a_csrf_token_is_refused(alice: Person, kite: Product, place: str) -> None:
    browser = page_of(alice, enforce_csrf_checks=True)
    assert browser.post(place.format(kite.pk), fields(name="Changed")).status_code == 403
    assert list(Product.objects.values_list("name", flat=True)) == ["Kite"]


def test_products_are_listed_newest_first(alice: Person, organisation: Organisation) -> None:
    for name in ("first", "second"):
        ProductManagementService.create_product({"name": name}, alice, organisation)
    text = page_of(alice).get("/products/").content.decode().partition("<main")[2]
    assert text.index("second") < text.index("first")
    assert "Kite Works" in text


def test_an_empty_list_says_so(alice: Person) -> None:
    assert "There are no products yet." in page_of(alice).get("/products/").content.decode()


def test_the_list_takes_as_many_queries_for_many_as_for_one(
    alice: Person, kite: Product, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = page_of(alice)
    with CaptureQueriesContext(connection) as captured:
        browser.get("/products/")
    Product.objects.bulk_create(Product(name=f"Kite {n}", organisation=kite.organisation) for n in range(30))
    with django_assert_num_queries(len(captured)):
        browser.get("/products/")


def test_whoever_may_edit_a_product_is_offered_it(kite: Product, alice: Person, dave: Person) -> None:
    place = f"/products/{kite.pk}/"
    assert f"{place}edit/" in page_of(alice).get(place).content.decode()
    assert f"{place}edit/" not in page_of(dave).get(place).content.decode()


# Create


def test_a_product_of_ones_own_has_nobody_else_to_notify(dave: Person) -> None:
    text = page_of(dave).post(NEW, fields(), follow=True).content.decode()
    assert "Kite is live." in text
    assert "being notified" not in text


def test_creating_a_product_in_the_page_notifies_its_managers(
    organisation: Organisation, alice: Person
) -> None:
    answer = page_of(alice).post(NEW, fields(owner=organisation.pk), follow=True)
    product = Product.objects.get()
    assert answer.redirect_chain == [(product.get_absolute_url(), 302)]
    assert "Kite is live. Its managers are being notified." in answer.content.decode()
    assert (product.organisation, product.person) == (organisation, None)
    drain()
    assert set(AppNotification.objects.values_list("person__username", flat=True)) == {
        "alice",
        "bob",
        "carol",
    }


def test_without_an_organisation_it_is_ones_own(dave: Person, organisation: Organisation) -> None:
    page_of(dave).post(NEW, fields())
    assert Product.objects.get().person == dave


def test_only_the_organisations_that_one_manages_are_offered(
    organisation: Organisation, other: Organisation, alice: Person, dave: Person
) -> None:
    text = page_of(alice).get(NEW).content.decode()
    assert f'<option value="{organisation.pk}" selected>Kite Works</option>' in text
    assert "Other Works" not in text
    assert "Kite Works" not in page_of(dave).get(NEW).content.decode()


@pytest.mark.parametrize("owner", ["other", "999999", "abc", "-1", "1e3", str(2**63), "9" * 5_000])
def test_another_organisation_is_refused(
    organisation: Organisation, other: Organisation, alice: Person, owner: str
) -> None:
    answer = page_of(alice).post(NEW, fields(owner=str(other.pk) if owner == "other" else owner))
    assert answer.status_code == 422
    assert "Select a valid choice." in answer.content.decode()
    assert not Product.objects.exists()
    assert not EventLog.objects.exists()


def test_a_member_cannot_create_for_the_organisation(organisation: Organisation, dave: Person) -> None:
    assert page_of(dave).post(NEW, fields(owner=organisation.pk)).status_code == 422
    assert not Product.objects.exists()


WRONG = [
    ({"name": ""}, "This field is required."),
    ({"name": "   "}, "This field is required."),
    ({"name": "x" * 201}, "at most 200 characters"),
    ({"name": "a\0b"}, "Null characters are not allowed."),
    ({"description": "x" * 4_001}, "at most 4000 characters"),
    ({"website": "javascript:alert(1)"}, "Enter a valid URL."),
    ({"website": "no address"}, "Enter a valid URL."),
    ({"website": "https://kite.example/" + "x" * 200}, "at most 200 characters"),
]


@pytest.mark.parametrize(("wrong", "error"), WRONG)
def test_a_wrong_form_comes_back_with_what_is_wrong(
    organisation: Organisation, alice: Person, wrong: dict[str, str], error: str
) -> None:
    answer = page_of(alice).post(NEW, fields(owner=organisation.pk) | wrong)
    assert answer.status_code == 422
    assert error in answer.content.decode()
    assert not Product.objects.exists()
    assert not EventLog.objects.exists()


def test_a_website_without_a_scheme_is_a_secure_one(alice: Person) -> None:
    page_of(alice).post(NEW, fields(website="kite.example"))
    assert Product.objects.get().website == "https://kite.example"


def test_what_was_typed_is_still_there(organisation: Organisation, alice: Person) -> None:
    text = page_of(alice).post(NEW, fields(name="", description="It flies.")).content.decode()
    assert "It flies." in text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "{% debug %}", "'onclick='x"])
def test_a_hostile_name_is_escaped_on_every_page(
    organisation: Organisation, alice: Person, name: str
) -> None:
    browser = page_of(alice)
    place = browser.post(NEW, fields(name=name, description=name, owner=organisation.pk))["Location"]
    drain()
    for page in (place, f"{place}edit/", "/products/", "/inbox/"):
        text = browser.get(page).content.decode()
        assert html.escape(name) in text, page
        assert "<script>" not in text, page
        assert "<img src=x" not in text, page


# Edit


def test_a_change_in_the_page_is_saved_and_told(kite: Product, alice: Person) -> None:
    answer = page_of(alice).post(f"/products/{kite.pk}/edit/", fields(name="Big Kite"), follow=True)
    assert answer.redirect_chain == [(f"/products/{kite.pk}/", 302)]
    assert "Saved." in answer.content.decode()
    assert EventLog.objects.filter(type="product.updated").get().payload["changed"] == ["name"]
    drain()
    assert AppNotification.objects.filter(title="Alice Arden updated Big Kite").count() == 2


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_does_not_manage_it_is_refused(kite: Product, dave: Person, method: str) -> None:
    answer = getattr(page_of(dave), method)(f"/products/{kite.pk}/edit/", fields(name="Dave's"))
    assert answer.status_code == 403
    kite.refresh_from_db()
    assert kite.name == "Kite"
    assert not EventLog.objects.filter(type="product.updated").exists()


def test_who_managed_it_once_is_refused_now(kite: Product, carol: Person) -> None:
    browser = page_of(carol)
    assert browser.get(f"/products/{kite.pk}/edit/").status_code == 200
    OrganisationRole.objects.filter(person=carol).delete()
    assert browser.post(f"/products/{kite.pk}/edit/", fields(name="Carol's")).status_code == 403


def test_a_wrong_change_comes_back_with_what_is_wrong(kite: Product, alice: Person) -> None:
    answer = page_of(alice).post(f"/products/{kite.pk}/edit/", fields(name="", description="It flies."))
    assert answer.status_code == 422
    assert "This field is required." in answer.content.decode()
    kite.refresh_from_db()
    assert (kite.name, kite.description) == ("Kite", "")


def test_the_owner_is_not_changed_by_editing(kite: Product, other: Organisation, alice: Person) -> None:
    OrganisationRole.objects.create(organisation=other, person=alice, role="owner")
    page_of(alice).post(
        f"/products/{kite.pk}/edit/", fields(name="Big Kite", owner=other.pk, organisation=other.pk)
    )
    before = kite.organisation
    kite.refresh_from_db()
    assert (kite.name, kite.organisation) == ("Big Kite", before)


def test_saving_without_a_change_tells_nobody(kite: Product, alice: Person) -> None:
    page_of(alice).post(f"/products/{kite.pk}/edit/", fields())
    assert not EventLog.objects.filter(type="product.updated").exists()


def test_the_heading_of_a_wrong_form_is_the_products_own_name(kite: Product, alice: Person) -> None:
    answer = page_of(alice).post(f"/products/{kite.pk}/edit/", fields(name="Kit", website="wrong"))
    assert "<h1>Edit Kite</h1>" in answer.content.decode()


# The whole way


def test_from_the_form_to_the_product_by_way_of_the_inbox(
    organisation: Organisation, alice: Person, bob: Person
) -> None:
    page_of(alice).post(NEW, fields(owner=organisation.pk))
    drain()
    browser, row = page_of(bob), AppNotification.objects.get(person=bob)
    assert "Alice Arden created Kite" in browser.get("/inbox/").content.decode()
    answer = browser.post(f"/inbox/{row.pk}/open/", follow=True)
    assert "<h1>Kite</h1>" in answer.content.decode()
    assert "badge" not in answer.content.decode()
