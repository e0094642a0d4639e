"""Every route: whose objects it shows, who is let in, what is sent along, where it leads."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import Settings

from capabilities.people.models import Person
from project.headers import PERMISSIONS
from tests.belongings import Belongings, address, stock_admin
from tests.routes import Route, routes

pytestmark = pytest.mark.django_db

ROUTES = routes()
IN_ADMIN = [route for route in ROUTES if route.is_of_admin and not route.name.endswith((":login", ":logout"))]
#: Routes of something that is one person's.
OF_SOMEBODY = [route for route in ROUTES if route.parameters and not route.is_of_admin]

#: Routes at which somebody else's object is there, and why, with the answers to GET and POST.
NOT_PRIVATE = {
    "engagement:event": (200, 405, "Whoever has the address of an event may ask whether it concerned them."),
    "engagement:unsubscribe": (200, 200, "Whoever has the link was sent the mail."),
    "engagement:chosen": (302, 302, "Of ids that are not one's own it does nothing: they are left out."),
    "products:detail": (200, 405, "Products are everybody's to look at."),
    "products:edit": (403, 403, "That there is the product is no secret."),
}
#: Routes that answer to a POST without a CSRF token, and why.
WITHOUT_CSRF = {"engagement:unsubscribe": "A mail program sends it (RFC 8058); the address is the proof."}
#: Routes that answer to whoever is not logged in, and why.
PUBLIC = {
    "login": "It is where one logs in.",
    "admin:login": "It is where one logs in.",
    "logout": "There is nobody to log out.",
    "admin:logout": "There is nobody to log out.",
    "favicon.ico": "Browsers ask for it before one is logged in.",
    "engagement:stream": "Without ASGI, as in tests, it says to everybody that there is none.",
    "engagement:unsubscribe": "The address is the proof.",
    "probe/apublish/": "It is of the tests.",
    "probe/publish/": "It is of the tests.",
}
#: Pages of the admin that show nothing of anybody.
FOR_ALL_STAFF = {"admin:index", "admin:jsi18n", "admin:password_change", "admin:password_change_done"}


@pytest.fixture(autouse=True)
def mailbox(settings: Settings, tmp_path: Path) -> None:
    """A mailbox for the pages of the demo."""
    settings.MAILBOX = tmp_path / "mail"


@pytest.fixture
def own(bob: Person) -> Belongings:
    """What Bob has."""
    return Belongings(bob)


@pytest.fixture
def everything(own: Belongings) -> Belongings:
    """What Bob has, and what the admin shows."""
    stock_admin(own.person)
    return own


def browser(person: Person | None = None, **options: Any) -> Client:
    """Return a browser of somebody."""
    client = Client(raise_request_exception=False, **options)
    if person:
        client.force_login(person)
    return client


def superuser(own: Belongings) -> Person:
    """Return the person, who may now do everything."""
    Person.objects.filter(pk=own.person.pk).update(is_staff=True, is_superuser=True)
    return own.person


# Another person's


@pytest.mark.parametrize("route", OF_SOMEBODY, ids=str)
def test_what_is_somebody_elses_is_not_there(route: Route, own: Belongings, alice: Person) -> None:
    client, place = browser(alice), address(route, own)
    got, posted, deleted = client.get(place), client.post(place), client.delete(place)
    if route.name in NOT_PRIVATE:
        assert (got.status_code, posted.status_code) == NOT_PRIVATE[route.name][:2]
        return
    nothing = client.get(_of_nothing(route, own))
    assert (got.status_code, got.get("Location")) == (nothing.status_code, nothing.get("Location"))
    assert got.status_code in {302, 404, 405}
    assert posted.status_code in {404, 405}
    assert deleted.status_code in {404, 405}
    assert 404 in {got.status_code, posted.status_code, deleted.status_code}


def _of_nothing(route: Route, own: Belongings) -> str:
    """Return the address for something that there is not."""
    known = address(route, own).rstrip("/").split("/")
    return "/".join("2147483647" if part.isdigit() else part.replace(".M", ".M9") for part in known) + "/"


@pytest.mark.parametrize("route", [route for route in OF_SOMEBODY if route.name not in NOT_PRIVATE], ids=str)
def test_what_is_ones_own_is_there(route: Route, own: Belongings) -> None:
    client, place = browser(own.person), address(route, own)
    methods = (client.get, client.post, client.delete)
    answers = [method(place).status_code for method in methods]
    assert 404 not in answers[:1], "or the test above proves nothing"
    assert {200, 204, 302, 422} & set(answers)


# Who is let in


def test_who_is_not_logged_in_is_sent_to_the_login_or_refused(everything: Belongings) -> None:
    let_in = []
    for route in ROUTES:
        place, client = address(route, everything), browser()
        for answer in (client.get(place), client.post(place)):
            leads_to = answer.get("Location", "").partition("?")[0]
            if answer.status_code != 401 and leads_to not in {"/login/", "/admin/login/", "/inbox/"}:
                let_in.append(str(route))
    assert set(let_in) == PUBLIC.keys()


def test_the_admin_is_for_staff(everything: Belongings, alice: Person) -> None:
    client = browser(alice)
    for route in IN_ADMIN:
        place = address(route, everything)
        for method in (client.get, client.post):
            assert method(place)["Location"] == f"/admin/login/?next={quote(place)}"


def test_staff_without_permissions_see_and_change_nothing(everything: Belongings, alice: Person) -> None:
    Person.objects.filter(pk=alice.pk).update(is_staff=True)
    client, let_in = browser(alice), []
    for route in IN_ADMIN:
        place = address(route, everything)
        if {client.get(place).status_code, client.post(place).status_code} - {302, 403, 404, 405}:
            let_in.append(route.name)
    assert set(let_in) == FOR_ALL_STAFF


# What is sent along


def test_a_post_without_a_csrf_token_is_refused(everything: Belongings) -> None:
    client = browser(superuser(everything), enforce_csrf_checks=True)
    answers = {str(route): client.post(address(route, everything)).status_code for route in ROUTES}
    assert {route for route, status in answers.items() if status != 403} == WITHOUT_CSRF.keys()


def test_every_answer_says_what_the_page_may_do(everything: Belongings) -> None:
    person, places = superuser(everything), [address(route, everything) for route in ROUTES]
    for place in places:
        for client in (browser(), browser(person)):
            for method in (client.get, client.post, client.delete):
                answer = method(place)
                assert answer.status_code != 500, place
                _says_what_it_may_do(answer)


@pytest.mark.parametrize("place", ["/nothing/", "/static/engagement/bell.svg", "/static/nothing"])
def test_so_does_what_is_no_page(place: str) -> None:
    _says_what_it_may_do(browser().get(place))


def _says_what_it_may_do(answer: Any) -> None:
    parts = (part.partition(" ") for part in answer["Content-Security-Policy"].split("; "))
    policy = {name: value for name, _space, value in parts}
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy.get("script-src", "'self'") == "'self'"
    assert policy["frame-ancestors"] == ("'self'" if "sandbox" in policy else "'none'")
    assert policy.get("style-src") == ("'unsafe-inline'" if "sandbox" in policy else "'self'")
    assert policy["form-action"] == ("'none'" if "sandbox" in policy else "'self'")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Permissions-Policy"] == PERMISSIONS
