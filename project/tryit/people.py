"""The people of the demo: nobody else can be looked at, or acted for, on the page."""

from django.conf import settings
from django.http import Http404

from capabilities.people.management.commands.load_demo import ORGANISATION, PEOPLE
from capabilities.people.models import Organisation, Person

#: Reserved for stories, so that nobody can have one of them.
NUMBERS = {
    "alice": "+12025550141",
    "bob": "+12025550142",
    "carol": "+12025550143",
    "dave": "+12025550144",
}
DEVICE = "tryit-phone-of-{}"


def people() -> list[Person]:
    """Return the people of the demo that there are, in its order; never who may do more than they."""
    found = Person.objects.filter(username__in=PEOPLE, organisations__name=ORGANISATION, is_active=True)
    by_name = {each.username: each for each in found.filter(is_staff=False, is_superuser=False)}
    return [by_name[name] for name in PEOPLE if name in by_name]


def person_of_demo(name: str) -> Person:
    """Return one of them; raise Http404 for anybody else, and outside the demo for everybody."""
    found = [each for each in people() if each.username == name] if settings.TRYIT else []
    if not found:
        raise Http404("The demo has nobody of this name.")
    return found[0]


def organisation() -> Organisation:
    """Return the one that they work for."""
    return Organisation.objects.get(name=ORGANISATION)


def owner_of_number(number: str) -> str:
    """Return whose a number is, by user name; nothing if it is nobody's."""
    return next((name for name, own in NUMBERS.items() if own == number), "")


def owner_of_device(device: str) -> str:
    """Return whose a device is, likewise."""
    return next((name for name in PEOPLE if DEVICE.format(name) == device), "")
