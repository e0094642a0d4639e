"""What the tests share."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from pytest_django import Settings

from capabilities.people.models import Organisation, OrganisationRole, Person
from engagement.models import AppNotification
from events import drain, rests
from events.hands import hands
from tests.cluster import Cluster
from tests.polling import eventually
from tests.smtp import SmtpServer


def need(program: str) -> str:
    """Return the path of a program; skip the test if it is not there, unless CI says that all must be."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed"
        if os.environ.get("CARILLON_REQUIRE_ALL"):
            pytest.fail(f"{reason}, and CARILLON_REQUIRE_ALL is set.")
        pytest.skip(reason)
    return found


@pytest.fixture(autouse=True)
def _fresh_thread() -> None:
    """Let no lane rest because of what another test could not reach; nor trust the clock of one that had frozen it."""
    drain._thread.__dict__.pop("expired_at", None)
    rests.forget()


@pytest.fixture(autouse=True, scope="session")
def _no_idle_hands(django_db_setup: None) -> Iterator[None]:
    """Close the connections of threads before the database is dropped."""
    yield
    hands().close()


@pytest.fixture
def clear_cache() -> Iterator[None]:
    """Empty the cache before and after."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def setup_async_environment(transactional_db: None, clear_cache: None) -> Iterator[Cluster]:
    """Start a real cluster on an empty queue; its handlers run in other processes."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def wait_for_notifications() -> Callable[..., list[AppNotification]]:
    """Return a function that waits until so many notifications match, and returns them."""

    def wait(
        filter_kwargs: dict[str, Any], expected_count: int = 1, timeout: float = 10
    ) -> list[AppNotification]:
        found = AppNotification.objects.filter(**filter_kwargs).order_by("id")
        what = f"{expected_count} notifications with {filter_kwargs}"
        eventually(lambda: found.count() >= expected_count, timeout=timeout, what=what)
        return list(found.all())

    return wait


@pytest.fixture
def alice(db: None) -> Person:
    """The owner of the organisation."""
    return make_person("alice", first_name="Alice", last_name="Arden")


@pytest.fixture
def bob(db: None) -> Person:
    """A manager of the organisation."""
    return make_person("bob", first_name="Bob", last_name="Byrne")


@pytest.fixture
def carol(db: None) -> Person:
    """Another manager of the organisation."""
    return make_person("carol", first_name="Carol", last_name="Cheng")


@pytest.fixture
def dave(db: None) -> Person:
    """Somebody with no say in it."""
    return make_person("dave", first_name="Dave", last_name="Doyle")


@pytest.fixture
def organisation(alice: Person, bob: Person, carol: Person, dave: Person) -> Organisation:
    """Kite Works, with its people."""
    made = Organisation.objects.create(name="Kite Works")
    roles = OrganisationRole.Role
    for person, role in (
        (alice, roles.OWNER),
        (bob, roles.MANAGER),
        (carol, roles.MANAGER),
        (dave, roles.MEMBER),
    ):
        OrganisationRole.objects.create(organisation=made, person=person, role=role)
    return made


def make_person(username: str, **fields: Any) -> Person:
    """Return a new person, whose password is "carillon"."""
    return Person.objects.create_user(username, f"{username}@kiteworks.example", "carillon", **fields)


def make_people(count: int) -> list[int]:
    """Return the primary keys of so many new people, made in one statement."""
    made = Person.objects.bulk_create(
        Person(username=f"person{number}", first_name="Person", last_name=str(number))
        for number in range(count)
    )
    return [person.pk for person in made]


@pytest.fixture
def server(settings: Settings) -> Iterator[SmtpServer]:
    """Have mails sent to a server of our own."""
    with SmtpServer() as found:
        for name, value in found.settings().items():
            setattr(settings, name, value)
        settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
        yield found
