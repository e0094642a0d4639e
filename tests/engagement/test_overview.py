"""All categories and channels at a glance."""

from typing import Any

import pytest
from django.test import Client

from capabilities.people.models import Person
from engagement.choices import Scope
from engagement.decide import Digest, Preset
from engagement.models import NotificationRule
from engagement.overview import Cell, overview
from engagement.preferences import choose, choose_digest, sections

pytestmark = pytest.mark.django_db


def row(person: Person, category: str = "product") -> dict[str, Cell]:
    found = overview(sections(person))
    cells = next(cells for line, cells in found.rows if line.scope.category == category)
    return {str(cell.channel): cell for cell in cells}


def extents(person: Person, **of: Any) -> dict[str, str]:
    return {name: str(cell.extent) for name, cell in row(person, **of).items()}


def test_without_a_choice_it_is_as_usual(alice: Person) -> None:
    assert extents(alice) == {"Inbox": "all", "Email": "all"}


@pytest.mark.parametrize(
    ("preset", "told"),
    [
        (Preset.APPS, {"Inbox": "all", "Email": "none"}),
        (Preset.EMAIL, {"Inbox": "none", "Email": "all"}),
        (Preset.NONE, {"Inbox": "none", "Email": "none"}),
    ],
)
def test_a_choice_shows(alice: Person, preset: Preset, told: dict[str, str]) -> None:
    choose(alice, Scope(category="product"), preset)
    assert extents(alice) == told


def test_a_choice_for_one_kind_of_event_makes_it_some(alice: Person) -> None:
    choose(alice, Scope(event_type="product.created"), Preset.NONE)
    assert extents(alice) == {"Inbox": "some", "Email": "some"}


def test_what_is_mandatory_always_comes(alice: Person) -> None:
    choose(alice, Scope(category="product"), Preset.APPS)
    NotificationRule.objects.create(category="product", mandatory=["email"])
    assert extents(alice) == {"Inbox": "all", "Email": "always"}


def test_digests_are_said_where_mails_are_collected(alice: Person) -> None:
    choose_digest(alice, "product", Digest.DAILY)
    found = row(alice)
    assert (str(found["Email"].digest), found["Inbox"].digest) == ("Daily digest", "")


def test_each_category_leads_to_where_it_is_chosen(client: Client, alice: Person) -> None:
    client.force_login(alice)
    text = client.get("/inbox/preferences/").content.decode()
    assert '<th scope="row"><a href="#category-product">Product</a></th>' in text
    assert '<th scope="col">Inbox</th><th scope="col">Email</th>' in text
