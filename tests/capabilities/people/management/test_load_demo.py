"""manage.py load_demo"""

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from capabilities.people.models import Organisation, OrganisationRole, Person
from capabilities.people.services import RoleService

pytestmark = pytest.mark.django_db


def load() -> str:
    out = StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


def test_it_says_which_accounts_to_log_in_with() -> None:
    text = load()
    for username in ("alice", "bob", "carol", "dave", "admin"):
        assert username in text
        assert authenticate(username=username, password="carillon") is not None
    assert "carillon" in text


def test_one_owns_two_manage_and_one_is_a_member() -> None:
    load()
    assert dict(OrganisationRole.objects.values_list("person__username", "role")) == {
        "alice": "owner",
        "bob": "manager",
        "carol": "manager",
        "dave": "member",
    }
    assert RoleService.get_organisation_managers(Organisation.objects.get()).count() == 3


def test_the_administrator_sees_the_admin() -> None:
    load()
    admin = Person.objects.get(username="admin")
    assert admin.is_staff
    assert admin.is_superuser


def test_running_it_again_changes_nothing() -> None:
    load()
    before = [*Person.objects.order_by("pk").values(), *OrganisationRole.objects.order_by("pk").values()]
    load()
    assert [
        *Person.objects.order_by("pk").values(),
        *OrganisationRole.objects.order_by("pk").values(),
    ] == before
    assert Organisation.objects.count() == 1


def test_what_somebody_changed_since_is_left_alone() -> None:
    load()
    OrganisationRole.objects.filter(person__username="dave").update(role="manager")
    Person.objects.filter(username="bob").update(first_name="Robert")
    load()
    assert OrganisationRole.objects.get(person__username="dave").role == "manager"
    assert Person.objects.get(username="bob").first_name == "Robert"
