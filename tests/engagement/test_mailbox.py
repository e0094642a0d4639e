"""Where a person's mails go, and whether they may."""

import pytest
from django.contrib.auth import get_user_model

from capabilities.people.models import Person
from engagement.mailbox import Mailbox, address_of, mailbox_of
from engagement.models import Suppression


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "suppressed"),
    [
        ("alice@kites.example", True),
        ("Alice@KITES.example", True),
        ("alice@kites.example.org", False),
        ("", False),
    ],
)
def test_an_address_is_suppressed_however_it_is_written(
    alice: Person, address: str, suppressed: bool
) -> None:
    Suppression.objects.create(channel="email", endpoint="Alice@kites.example", cause="bounce")
    alice.email = address
    found = mailbox_of(alice)
    assert (found.suppression is not None) == suppressed
    assert found.is_usable == (bool(address) and not suppressed)


@pytest.mark.django_db
def test_what_is_suppressed_on_another_channel_can_have_mails(alice: Person) -> None:
    Suppression.objects.create(channel="app", endpoint=alice.email)
    assert mailbox_of(alice).is_usable


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("alice@kites.example", "a…@kites.example"),
        ("a@kites.example", "a…@kites.example"),
        ('"a@b"@kites.example', '"…@kites.example'),
        ("", ""),
        ("alice", ""),
    ],
)
def test_an_address_is_masked(address: str, masked: str) -> None:
    assert Mailbox(address, None).masked == masked


def test_the_user_model_says_which_field_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(email="alice@kites.example", username="alice")
    assert address_of(person) == "alice@kites.example"
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "username")
    assert address_of(person) == "alice"
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "nosuch")
    assert address_of(person) == ""
