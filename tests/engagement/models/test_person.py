"""Settings and mutes: what the database does not take."""

from datetime import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from capabilities.people.models import Person
from engagement.models import Mute, NotificationSettings

pytestmark = pytest.mark.django_db


def test_quiet_hours_have_a_beginning_and_an_end(alice: Person) -> None:
    with pytest.raises(IntegrityError, match="settings_quiet_both"), transaction.atomic():
        NotificationSettings.objects.create(person=alice, quiet_from=time(22))


def test_quiet_hours_that_would_never_be_on_are_refused(alice: Person) -> None:
    with pytest.raises(ValidationError, match="end as they begin"):
        NotificationSettings(person=alice, quiet_from=time(7), quiet_until=time(7)).full_clean()


def test_a_mute_says_what_it_is_about(alice: Person) -> None:
    assert Mute(person=alice, about="product_management.product:7").subject == "product 7"
