"""The secret with which messages to an endpoint are signed is told to nobody but its owner, once."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from capabilities.people.models import Person
from engagement.channel_report import reports
from engagement.explain import explain
from engagement.message import message_of
from engagement.models import Delivery, DeliveryAttempt, Endpoint, NotifiableEvent, NotificationRule
from engagement.recheck import Recheck
from events.bus import event_bus
from events.drain import drain
from tests.engagement.pigeon import dovecote
from tests.probe.events import Told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeons")]

SECRETS = {"secret": "whsec_newest", "old_secret": "whsec_former"}


@pytest.fixture
def endpoint(alice: Person) -> Endpoint:
    """An endpoint whose secret is being changed."""
    return dovecote(alice, **SECRETS, old_secret_until=timezone.now() + timedelta(days=1))


@pytest.fixture
def delivery(alice: Person, endpoint: Endpoint) -> Delivery:
    """A message to it that is planned."""
    NotificationRule.objects.create(category="test", channels=["pigeon"])
    event_bus.publish(Told(people=[alice.pk]))
    drain("events")
    return Delivery.objects.get()


def test_nothing_that_knows_it_says_it_when_it_is_printed(endpoint: Endpoint, delivery: Delivery) -> None:
    verdict = Recheck([delivery]).verdict(delivery)
    message = message_of(delivery, verdict)
    assert set(message.secrets) == set(SECRETS.values()), "the channel gets them"
    for each in (endpoint, delivery, verdict, message):
        for text in (repr(each), str(each)):
            assert "whsec" not in text


def test_neither_log_nor_attempts_nor_explanations_have_it(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], alice: Person, delivery: Delivery
) -> None:
    with caplog.at_level(logging.DEBUG):
        drain("delivery")
    concerned = NotifiableEvent.objects.get(person=alice)
    call_command("explain_notification", str(concerned.event_log_id), alice.username)
    call_command("channel")
    said = [caplog.text, capsys.readouterr().out, repr(explain(concerned)), repr(reports())]
    said += [str(row) for row in (*Delivery.objects.values(), *DeliveryAttempt.objects.values())]
    assert DeliveryAttempt.objects.get().succeeded
    for text in said:
        assert "whsec" not in text
