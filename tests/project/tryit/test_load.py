"""The people of the demo are reached at the far ends of the demo, and nowhere else."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from capabilities.people.models import Organisation, Person
from engagement.choices import Scope, chosen_by
from engagement.decide import Digest, Preset
from engagement.models import Endpoint, NotificationPreference
from engagement.preferences import choose
from project.tryit.load import load
from tests.project.tryit.conftest import SITE

pytestmark = pytest.mark.django_db


def endpoints(person: Person) -> dict[str, str]:
    return dict(Endpoint.objects.of(person).usable().values_list("channel", "value"))


def test_everybody_has_a_device_a_verified_number_and_a_signed_webhook(loaded: None, alice: Person) -> None:
    assert endpoints(alice) == {
        "push": "tryit-phone-of-alice",
        "sms": "+12025550141",
        "webhook": f"{SITE}/tryit/hook/alice/",
    }
    assert Endpoint.objects.usable().count() == 12
    assert not Endpoint.objects.filter(channel="webhook", secret="").exists()


def test_they_have_chosen_so_that_every_channel_has_something_and_nobody_is_flooded(
    loaded: None, alice: Person, bob: Person, carol: Person, dave: Person
) -> None:
    product = Scope(category="product")
    assert chosen_by(alice).of(product).channels == (("push", True), ("webhook", True))
    assert chosen_by(bob).of(product).channels == (("sms", True),)
    assert chosen_by(carol).digests == {"product": Digest.DAILY}
    assert not NotificationPreference.objects.filter(person=dave).exists()


def test_running_it_again_changes_nothing(loaded: None) -> None:
    def state() -> list[object]:
        return [
            *Endpoint.objects.order_by("pk").values(),
            *NotificationPreference.objects.order_by("pk").values(),
        ]

    before = state()
    load(SITE)
    assert state() == before


def test_what_somebody_has_chosen_since_is_left_alone(organisation: Organisation, alice: Person) -> None:
    choose(alice, Scope(category="product"), Preset.NONE)
    load(SITE)
    assert chosen_by(alice).of(Scope(category="product")).preset == Preset.NONE


def test_on_another_port_the_webhook_is_another(loaded: None, demo: Settings, alice: Person) -> None:
    demo.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1:8123"]
    load("http://127.0.0.1:8123")
    assert endpoints(alice)["webhook"] == "http://127.0.0.1:8123/tryit/hook/alice/"


def test_where_messages_really_leave_nothing_goes_to_the_people_of_the_demo(
    loaded: None, demo: Settings
) -> None:
    demo.ENGAGEMENT_SMS_PROVIDER = "sparrow"
    demo.ENGAGEMENT_PUSH_PROVIDER = "fcm"
    demo.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = []
    load(SITE)
    assert not Endpoint.objects.exists()


def test_the_command_is_for_the_demo_only(organisation: Organisation, demo: Settings) -> None:
    call_command("load_tryit", SITE, stdout=StringIO())
    assert Endpoint.objects.count() == 12
    demo.DEMO = False
    with pytest.raises(CommandError, match="CARILLON_DEMO=1"):
        call_command("load_tryit", SITE)


def test_without_products_the_command_does_nothing(organisation: Organisation, demo: Settings) -> None:
    demo.TRYIT = None
    call_command("load_tryit", SITE)
    assert not Endpoint.objects.exists()
