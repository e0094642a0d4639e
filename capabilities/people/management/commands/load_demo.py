"""manage.py load_demo"""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.db import transaction

from capabilities.people.models import Organisation, OrganisationRole, Person

PASSWORD = "carillon"  # noqa: S105 - of the demo accounts, shown on the login page
ORGANISATION = "Kite Works"
PEOPLE = {
    "alice": ("Alice", "Arden", OrganisationRole.Role.OWNER),
    "bob": ("Bob", "Byrne", OrganisationRole.Role.MANAGER),
    "carol": ("Carol", "Cheng", OrganisationRole.Role.MANAGER),
    "dave": ("Dave", "Doyle", OrganisationRole.Role.MEMBER),
}


class Command(BaseCommand):
    """The people of the demo; running it again changes nothing."""

    help = "Load the demo: one organisation, its owner, two managers, a member, and an administrator."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing."""
        password = make_password(PASSWORD)
        organisation, _ = Organisation.objects.get_or_create(name=ORGANISATION)
        for username, (first, last, role) in PEOPLE.items():
            person, _ = Person.objects.get_or_create(
                username=username,
                defaults={"first_name": first, "last_name": last, "password": password}
                | {"email": f"{username}@kiteworks.example"},
            )
            OrganisationRole.objects.get_or_create(
                organisation=organisation, person=person, defaults={"role": role}
            )
        Person.objects.get_or_create(
            username="admin", defaults={"is_staff": True, "is_superuser": True, "password": password}
        )
        self.stdout.write(f"Demo accounts: {', '.join(PEOPLE)} and admin; the password of all is {PASSWORD}.")
