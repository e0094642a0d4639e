"""The kit for tests of capabilities."""

import pytest
from django.test import TestCase

from capabilities.people.models import Organisation, Person
from capabilities.product_management.services import ProductManagementService
from engagement.models import NotificationPreference
from engagement.testing import captured_notifications
from events.bus import UnknownEventType, event_bus
from tests.probe.events import Pinged, Told


class TheKit(TestCase):
    """It works in Django's own TestCase."""

    def test_it_tells_who_was_notified_of_what_and_why_not(self) -> None:
        alice, bob, carol = (Person.objects.create_user(name) for name in ("alice", "bob", "carol"))
        NotificationPreference.objects.create(person=bob, category="test", type="none")
        with captured_notifications() as captured:
            event_bus.publish(Told(people=[alice.pk, bob.pk], name="Kite"))
        assert captured.told("test.told") == {alice}
        assert captured.told("product.created") == set()
        assert [row.title for row in captured.notifications(alice)] == ["Kite was told"]
        assert captured.notifications(bob) == []
        assert (captured.why_not(bob) or {})["app"] == "skipped: choice for this category"
        assert captured.why_not(carol) is None

    def test_what_was_before_the_block_is_not_in_it(self) -> None:
        alice = Person.objects.create_user("alice")
        with captured_notifications():
            event_bus.publish(Told(people=[alice.pk]))
        with captured_notifications() as captured:
            pass
        assert captured.told() == set()

    def test_a_handler_that_fails_fails_the_test(self) -> None:
        with pytest.raises(AssertionError, match="has failed"), captured_notifications():
            event_bus.publish(Pinged(note="fail"))


@pytest.mark.django_db
def test_the_sample_of_the_documentation(organisation: Organisation, alice: Person) -> None:
    bob, carol = (Person.objects.get(username=name) for name in ("bob", "carol"))
    NotificationPreference.objects.create(person=carol, category="product", type="none")
    with captured_notifications() as captured:
        ProductManagementService.create_product({"name": "Kite"}, alice, organisation)
    assert captured.told("product.created") == {alice, bob}
    assert (captured.why_not(carol) or {})["app"] == "skipped: choice for this category"
    assert captured.notifications(bob)[0].title == "Alice Arden created Kite"


@pytest.mark.django_db
def test_what_there_is_not_is_a_mistake_and_not_nobody(alice: Person) -> None:
    with captured_notifications() as captured:
        event_bus.publish(Told(people=[alice.pk]))
    with pytest.raises(UnknownEventType):
        captured.told("test.tolt")
    with pytest.raises(KeyError, match="no channel emial"):
        captured.told("test.told", "emial")
