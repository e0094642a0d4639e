"""What the tests of the pages share."""

import pytest
from django.test import Client

from capabilities.people.models import Person


@pytest.fixture
def page(client: Client, alice: Person) -> Client:
    """A browser in which Alice is logged in."""
    client.force_login(alice)
    return client
