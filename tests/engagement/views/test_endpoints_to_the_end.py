"""From the page to the far end and back, on the channels that there are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from standardwebhooks import Webhook

from capabilities.people.models import Person
from engagement.choices import Scope
from engagement.decide import Preset
from engagement.models import Endpoint
from engagement.preferences import choose
from events.bus import event_bus
from events.testing import work_off
from tests.engagement.messages import BASE_URL
from tests.engagement.sms.providers import Pigeon
from tests.http import HttpServer
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

PAGE = "/inbox/endpoints/"


@pytest.fixture
def pigeon(settings: Settings) -> Iterator[type[Pigeon]]:
    """Have text messages sent by a provider of our own."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    settings.ENGAGEMENT_SMS_PROVIDER = "tests.engagement.sms.providers.Pigeon"
    settings.TEST_PIGEON_LOFT = settings.TEST_PIGEON_SEED = "a lot"
    Pigeon.given.clear()
    yield Pigeon
    Pigeon.given.clear()


@pytest.fixture
def server(settings: Settings) -> Iterator[HttpServer]:
    """Run a receiver of webhooks at an address that an operator permits."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    with HttpServer() as made:
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = [made.authority]
        yield made


def tell(person: Person, channel: str) -> None:
    choose(person, Scope(event_type="test.told"), Preset.NONE, {channel: True})
    event_bus.publish(Told(people=[person.pk]))
    work_off()


def test_a_number_is_added_its_code_arrives_and_so_do_notifications_from_then_on(
    page: Client, alice: Person, pigeon: type[Pigeon]
) -> None:
    page.post(f"{PAGE}add/", {"channel": "sms", "value": "+977 981-2345678", "label": "Mine"})
    tell(alice, "sms")
    [(number, text, _message)] = pigeon.given
    code = re.match(r"(\d{6}) is your code", text)
    assert number == "+9779812345678"
    assert code, text
    page.post(f"{PAGE}{Endpoint.objects.get().pk}/verify/", {"code": code[1]})
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert [number for number, _text, _message in pigeon.given] == ["+9779812345678"] * 2
    assert "told" in pigeon.given[1][1].lower()


def test_an_address_is_added_and_its_secret_verifies_what_arrives_also_while_it_is_changed(
    page: Client, alice: Person, server: HttpServer
) -> None:
    server.answer(204)
    made: Any = page.post(f"{PAGE}add/", {"channel": "webhook", "value": f"{server.url}/hook"})
    [secret] = re.findall(r"whsec_[\w+/=]{44}", made.content.decode())
    tell(alice, "webhook")
    hook = Endpoint.objects.get()
    changed: Any = page.post(f"{PAGE}{hook.pk}/secret/", {"since": ""})
    [newer] = re.findall(r"whsec_[\w+/=]{44}", changed.content.decode())
    page.post(f"{PAGE}{hook.pk}/test/")
    work_off()
    told, tested = server.requests
    assert Webhook(secret).verify(told.body, dict(told.headers))["type"] == "test.told"
    for each in (secret, newer):
        assert Webhook(each).verify(tested.body, dict(tested.headers))["type"] == "endpoint.tested"


def test_one_that_is_gone_is_used_no_more_until_it_is_added_again(
    page: Client, alice: Person, server: HttpServer
) -> None:
    server.answer(410)
    page.post(f"{PAGE}add/", {"channel": "webhook", "value": f"{server.url}/hook"})
    secret = Endpoint.objects.get().secret
    with pytest.raises(AssertionError, match="410 Gone"):
        tell(alice, "webhook")
    shown: Any = page.get(PAGE)
    assert "It could not be reached any more. Once that is mended, add it again." in shown.content.decode()
    assert "410" not in shown.content.decode()
    page.post(f"{PAGE}add/", {"channel": "webhook", "value": f"{server.url}/hook"})
    found = Endpoint.objects.get()
    assert (found.is_usable, found.secret) == (True, secret)
