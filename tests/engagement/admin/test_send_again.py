"""Once the mail server is repaired, what is tried again later can be sent at once."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from capabilities.people.models import Person
from engagement.models import Delivery, EmailNotification
from engagement.models.delivery_states import DeliveryState
from tests.engagement.admin.pages import place
from tests.engagement.admin.test_deliveries import DUE_AGAIN, page_of, send_again
from tests.engagement.mails import mail_to

pytestmark = pytest.mark.django_db

DUE_NOW = "1 message that is being retried was made due now; its attempts so far still count."


def retried(person: Person, *, hours: float = 1) -> Delivery:
    """Return a mail that has failed seven times, and is tried again in so many hours."""
    due = timezone.now() + timedelta(hours=hours)
    return mail_to(
        person, state=DeliveryState.RETRYING, failed=7, last_error="421 Try again", available_at=due
    )


def test_what_is_tried_again_later_is_due_now_and_keeps_its_attempts(
    admin_client: Client, alice: Person
) -> None:
    mail = retried(alice)
    assert send_again(admin_client, mail) == [DUE_NOW]
    mail.refresh_from_db()
    assert mail.available_at <= timezone.now()
    assert (mail.state, mail.failed, mail.last_error) == ("retrying", 7, "421 Try again")
    assert LogEntry.objects.get().object_id == str(mail.pk)


def test_what_is_due_already_keeps_its_place_among_the_others(admin_client: Client, alice: Person) -> None:
    mail = retried(alice, hours=-1)
    assert send_again(admin_client, mail) == [
        "1 was left out: it has been sent or taken back, or is to be sent in any case."
    ]
    assert Delivery.objects.get(pk=mail.pk).available_at == mail.available_at


def test_what_waits_for_its_time_goes_on_waiting(admin_client: Client, alice: Person) -> None:
    due = timezone.now() + timedelta(hours=1)
    mail = mail_to(alice, state=DeliveryState.PENDING, available_at=due)
    send_again(admin_client, mail)
    assert Delivery.objects.get(pk=mail.pk).available_at == due


def test_of_several_each_kind_is_counted(admin_client: Client, alice: Person) -> None:
    mails = [retried(alice), mail_to(alice, state=DeliveryState.DEAD), mail_to(alice)]
    said = send_again(admin_client, *mails)
    assert said[:2] == [DUE_AGAIN, DUE_NOW]
    assert said[2].startswith("1 was left out")


def test_there_is_a_button_for_it_as_long_as_it_is_of_use(admin_client: Client, alice: Person) -> None:
    mail = retried(alice)
    address = place(EmailNotification, "send_again", mail.pk)
    assert f'action="{address}"' in page_of(admin_client, mail)
    admin_client.post(address)
    assert f'action="{address}"' not in page_of(admin_client, mail)
