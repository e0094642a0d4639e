"""What the tests of the page "Try it" share."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from capabilities.people.models import Organisation, Person
from engagement.models import Endpoint
from project.tryit.load import load
from project.tryit.sms import PATH

#: Nobody listens there.
SITE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path) -> Settings:
    """The demo, with a folder of its own, and everything sent to the far ends here."""
    settings.DEMO = True
    settings.TRYIT, settings.MAILBOX = tmp_path / "tryit", tmp_path / "mail"
    settings.EMAIL_BACKEND = "project.mailbox.EmailBackend"
    settings.ENGAGEMENT_BASE_URL = SITE
    settings.ENGAGEMENT_SMS_PROVIDER = PATH
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = f"{SITE}/tryit/gateway"
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1:9"]
    return settings


@pytest.fixture
def loaded(organisation: Organisation) -> None:
    """The people of the demo with their devices, numbers and webhooks."""
    load(SITE)


@pytest.fixture
def hook(loaded: None, alice: Person) -> Endpoint:
    """Where Alice's webhooks go."""
    return Endpoint.objects.get(person=alice, channel="webhook")


@pytest.fixture
def page() -> Client:
    """A browser in which nobody is logged in."""
    return Client()
