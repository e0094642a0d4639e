"""The badge for templates of every page."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.context_processors import unread
from tests.engagement.samples import fill_inbox


def request_of(person: Person | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = person
    return request


def show(request: HttpRequest, source: str) -> str:
    return Template(source).render(Context(unread(request)))


@pytest.mark.django_db
def test_it_is_counted_once_however_often_it_is_shown(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill_inbox(alice, 2)
    source = "{% if unread_badge %}({{ unread_badge }}) {{ unread_badge }}{% endif %}"
    with django_assert_num_queries(1):
        assert show(request_of(alice), source) == "(2) 2"


@pytest.mark.django_db
def test_it_is_not_counted_for_a_template_that_does_not_show_it(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert show(request_of(alice), "nothing") == "nothing"


@pytest.mark.django_db
def test_it_is_nothing_when_all_is_read(alice: Person) -> None:
    assert show(request_of(alice), "{% if unread_badge %}x{% endif %}[{{ unread_badge }}]") == "[]"


def test_somebody_who_is_not_logged_in_has_none() -> None:
    assert show(request_of(AnonymousUser()), "[{{ unread_badge }}]") == "[]"


def test_a_request_without_authentication_has_none() -> None:
    assert unread(RequestFactory().get("/")) == {}
