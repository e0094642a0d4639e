"""The bell as it is before any script runs."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.live.place import is_of, stream_url
from tests.engagement.samples import fill_inbox

pytestmark = pytest.mark.django_db


def shown(person: Person | AnonymousUser, arguments: str = "", **more: object) -> str:
    request = RequestFactory().get("/")
    request.user = person
    source = f"{{% load engagement %}}{{% notification_bell {arguments} %}}"
    return Template(source).render(Context({"request": request, "csrf_token": "a token"} | more))


def test_it_is_a_link_to_the_inbox_with_the_badge(alice: Person) -> None:
    fill_inbox(alice, 3)
    text = shown(alice)
    assert '<a class="bell" href="/inbox/">' in text
    assert text.count('<span class="badge" aria-label="3 unread">3</span>') == 2
    assert f'data-stream="{stream_url(alice)}"' in text


def test_nobody_unknown_has_one() -> None:
    assert shown(AnonymousUser()).strip() == ""
    assert Template("{% load engagement %}{% notification_bell %}").render(Context()).strip() == ""


def test_it_costs_a_query_and_none_where_it_was_counted(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        shown(alice)
    with django_assert_num_queries(0):
        assert ">7</span>" in shown(alice, unread_badge="7")


def test_it_has_no_script_or_style_of_its_own_in_the_page(alice: Person) -> None:
    text = shown(alice)
    assert re.findall("<script[^>]*>([^<]*)<", text) == [""]
    assert "style=" not in text
    assert " on" not in re.sub(r"<svg.*?</svg>|>[^<]*<", "", text, flags=re.DOTALL)


def test_it_keeps_the_title_only_if_it_is_asked_to(alice: Person) -> None:
    assert "data-title" not in shown(alice)
    assert "data-title" in shown(alice, "title=True")


def test_the_address_of_a_stream_is_of_one_person(alice: Person, bob: Person) -> None:
    mark = stream_url(alice).partition("?of=")[2]
    assert is_of(alice, mark)
    assert not is_of(bob, mark)
    assert is_of(bob, "")
