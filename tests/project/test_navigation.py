"""The links at the top of every page."""

import re
import shutil
from pathlib import Path

import pytest
from django.test import Client

from capabilities.people.models import Person
from tests.newcomer import Newcomer

LOOK = """
from django.test import Client
from capabilities.people.models import Person
alice = Client(headers={'host': 'localhost'})
alice.force_login(Person.objects.get(username='alice'))
page = alice.get('/', follow=True)
print(page.status_code, b'Inbox' in page.content, b'Products' in page.content)
"""


def links(person: Person, address: str) -> list[tuple[str, str, bool]]:
    """Return the (address, label, whether it is where we are)s of the navigation of a page."""
    browser = Client()
    browser.force_login(person)
    bar = browser.get(address).content.decode().split('aria-label="Main"')[1].split("</nav>")[0]
    found = re.findall('<a href="([^"]*)" *(aria-current="page")? *>([^<]*)<', bar)
    return [(href, label.strip(), bool(current)) for href, current, label in found]


@pytest.mark.django_db
def test_a_capability_has_its_link_on_every_page_and_is_marked_on_its_own(alice: Person) -> None:
    assert links(alice, "/inbox/") == [("/inbox/", "Inbox", True), ("/products/", "Products", False)]
    for address in ("/products/", "/products/new/"):
        assert links(alice, address) == [("/inbox/", "Inbox", False), ("/products/", "Products", True)]


def test_without_the_capability_the_pages_are_there_all_the_same(tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path)
    shutil.rmtree(tmp_path / "capabilities" / "product_management")
    newcomer.manage("migrate --verbosity 0")
    newcomer.manage("load_demo --verbosity 0")
    assert newcomer.manage(f'shell -v 0 -c "{LOOK}"').split() == ["200", "True", "False"]
