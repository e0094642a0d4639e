"""What people chose, and what the database does not let them choose."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from capabilities.people.models import Person
from engagement.models import NotificationPreference

pytestmark = pytest.mark.django_db

Type = NotificationPreference.Type


def prefer(person: Person, **fields: str) -> NotificationPreference:
    return NotificationPreference.objects.create(person=person, **({"type": Type.APPS} | fields))


def test_the_types_are_those_of_the_requirements() -> None:
    assert {each.name for each in Type} == {"APPS", "EMAIL", "BOTH", "NONE"}


@pytest.mark.parametrize("scope", [{"event_type": "product.created"}, {"category": "product"}])
def test_a_choice_is_for_an_event_type_or_a_category(alice: Person, scope: dict[str, str]) -> None:
    made = prefer(alice, **scope)
    made.full_clean()
    assert str(made) == f"{next(iter(scope.values()))}: Apps"


@pytest.mark.parametrize("scope", [{}, {"event_type": "product.created", "category": "product"}])
def test_neither_and_both_are_refused(alice: Person, scope: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either an event type or a category"):
        NotificationPreference(person=alice, type=Type.APPS, **scope).full_clean()
    with pytest.raises(IntegrityError, match="preference_one_scope"), transaction.atomic():
        prefer(alice, **scope)


@pytest.mark.parametrize("scope", [{"event_type": "product.created"}, {"category": "product"}])
def test_there_is_one_choice_for_each(alice: Person, bob: Person, scope: dict[str, str]) -> None:
    prefer(alice, **scope)
    prefer(bob, **scope)
    with pytest.raises(ValidationError, match="There is a choice for this already"):
        NotificationPreference(person=alice, type=Type.NONE, **scope).full_clean()
    with pytest.raises(IntegrityError, match="preference_once"), transaction.atomic():
        prefer(alice, type=Type.NONE, **scope)


def test_another_type_is_refused(alice: Person) -> None:
    with pytest.raises(IntegrityError, match="preference_type"), transaction.atomic():
        prefer(alice, category="product", type="sms")


def test_an_event_type_that_there_is_not_is_refused_in_forms(alice: Person) -> None:
    with pytest.raises(ValidationError, match="not a valid choice"):
        NotificationPreference(person=alice, event_type="product.sold", type=Type.NONE).full_clean()


def test_choices_go_with_their_person(alice: Person) -> None:
    prefer(alice, category="product")
    alice.delete()
    assert not NotificationPreference.objects.exists()
