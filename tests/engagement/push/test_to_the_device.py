"""From an event to the devices, by the real SDK: each device by itself, whatever becomes of the others."""

import pytest
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.models import Delivery, DeliveryAttempt, Endpoint, NotificationRule
from engagement.registration import register_device
from events.bus import event_bus
from events.drain import drain
from tests.engagement.messages import BASE_URL
from tests.fcm import FcmServer, refusal
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


def tell(settings: Settings, count: int, each: int) -> None:
    """Register so many devices of each of so many people, and tell them all by one event."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    NotificationRule.objects.create(category="test", channels=["push"])
    found = [Person.objects.create_user(f"person{number}") for number in range(count)]
    for person in found:
        for number in range(each):
            register_device(person, "push", f"{person.username}-device{number}", kind="fid")
    event_bus.publish(Told(people=[person.pk for person in found]))
    drain("events", seconds=float("inf"))


def test_one_dead_device_among_a_hundred_is_retired_and_no_other(fcm: FcmServer, settings: Settings) -> None:
    fcm.answers["person3-device7"] = refusal(404, "UNREGISTERED")
    tell(settings, 10, 10)
    assert drain("delivery", seconds=float("inf")) == 100
    (retired,) = Endpoint.objects.exclude(retired_at=None)
    assert retired.value == "person3-device7"
    assert Delivery.objects.filter(state="succeeded").count() == 99
    (attempt,) = DeliveryAttempt.objects.filter(succeeded=False)
    assert attempt.code == "UNREGISTERED"
    assert len(fcm.posted) == 100, "one request for each"
