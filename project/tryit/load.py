"""How the people of the demo are reached, and what they have chosen: something for everybody, and nobody is flooded.

Only far ends of the demo are used: where the settings name others, what was made for the demo before is removed, so
that nothing goes to numbers that nobody has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models.functions import Now

from capabilities.people.models import Person
from engagement import registration
from engagement.choices import Scope
from engagement.decide import Digest, Preset
from engagement.models import Endpoint, NotificationPreference
from engagement.preferences import choose, choose_digest
from project.tryit.people import DEVICE, NUMBERS, people
from project.tryit.receivers import hook_path
from project.tryit.sms import PATH

CATEGORY = "product"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody has chosen for products."""

    preset: Preset
    channels: Mapping[str, bool]
    digest: Digest | None = None


WISHES = {
    "alice": Wish(Preset.APPS, {"push": True, "webhook": True}),
    "bob": Wish(Preset.BOTH, {"sms": True}),
    "carol": Wish(Preset.BOTH, {}, Digest.DAILY),
}


def load(site: str) -> None:
    """Give everybody a device, a number and a webhook, and those who have not chosen their choices.

    `site` is where this web server listens, such as "http://127.0.0.1:8000".
    """
    for person in people():
        for channel, value in _reached(person.username, site):
            _drop_others(person, channel, value)
            if value and not Endpoint.objects.of(person).filter(channel=channel, value=value).exists():
                _add(person, channel, value)
        if person.username in WISHES:
            _choose(person, WISHES[person.username])


def _reached(name: str, site: str) -> Iterator[tuple[str, str]]:
    """Yield the endpoint of a person on each channel; empty where the far end is not the demo's."""
    gateway = f"{site}/tryit/gateway" == settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL
    authority = site.partition("://")[2]
    yield "push", DEVICE.format(name) if gateway and not settings.ENGAGEMENT_PUSH_PROVIDER else ""
    yield "sms", NUMBERS[name] if settings.ENGAGEMENT_SMS_PROVIDER == PATH else ""
    permitted = settings.ENGAGEMENT_WEBHOOKS and authority in settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS
    yield "webhook", f"{site}{hook_path(name)}" if permitted else ""


def _drop_others(person: Person, channel: str, value: str) -> None:
    """Remove what was made for the demo before and is another now: the port may have changed."""
    own = {"push": DEVICE.format(person.username), "sms": NUMBERS[person.username]}
    end = own.get(channel, hook_path(person.username))
    mine = Endpoint.objects.of(person).filter(channel=channel, value__endswith=end)
    mine.exclude(value=value).delete()


def _add(person: Person, channel: str, value: str) -> None:
    if channel == "push":
        registration.register_device(person, channel, value, "token", f"Phone of {person.first_name}")
        return
    made = registration.add(person, channel, value, "Try it")
    if made.verified_at is None:  # nobody is there to read the code
        Endpoint.objects.filter(pk=made.pk).update(verified_at=Now(), registered_at=Now())


def _choose(person: Person, wish: Wish) -> None:
    if NotificationPreference.objects.filter(person=person).exists():
        return
    choose(person, Scope(category=CATEGORY), wish.preset, wish.channels)
    if wish.digest:
        choose_digest(person, CATEGORY, wish.digest)
