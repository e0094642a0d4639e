"""Push notifications, text messages and webhooks have the pages that mails have."""

from datetime import timedelta

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from capabilities.people.models import Person
from engagement import pauses
from engagement.channels import channels
from engagement.models import (
    BY_CHANNEL,
    Delivery,
    DeliveryAttempt,
    EmailNotification,
    PushNotification,
    SmsNotification,
    WebhookNotification,
)
from engagement.registry import MASK
from tests.engagement.admin.pages import place
from tests.engagement.mails import mail_to
from tests.engagement.pigeon import dovecote

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
WORD = "a-secret-dovecote"


def page_of(client: Client, message: Delivery, model: type[models.Model] = SmsNotification) -> str:
    answer = client.get(place(model, "change", message.pk))
    assert answer.status_code == 200
    return answer.content.decode()


def preview_of(client: Client, message: Delivery, query: str = "") -> str:
    answer = client.get(f"{place(SmsNotification, 'preview', message.pk)}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("model", [PushNotification, SmsNotification, WebhookNotification])
def test_every_channel_has_its_list_in_the_index(
    admin_client: Client, alice: Person, model: type[models.Model]
) -> None:
    (channel,) = [name for name, each in BY_CHANNEL.items() if each is model]
    message = mail_to(alice, channel=channel)
    mail_to(alice)
    page = place(model, "changelist")
    assert (
        f'href="{page}"' in admin_client.get(reverse("admin:app_list", args=["engagement"])).content.decode()
    )
    assert [row.pk for row in admin_client.get(page).context["cl"].result_list] == [message.pk]
    assert "Kite was told" in page_of(admin_client, message, model)


def test_what_is_skipped_is_sent_again(admin_client: Client, alice: Person) -> None:
    message = mail_to(alice, channel="sms", state="skipped")
    chosen = {"action": "send_again", "_selected_action": [message.pk]}
    admin_client.post(place(SmsNotification, "changelist"), chosen)
    assert Delivery.objects.get().state == "pending"


@pytest.mark.usefixtures("text_pigeons")
def test_an_endpoint_is_shown_as_its_channel_shows_it(admin_client: Client, alice: Person) -> None:
    message = mail_to(alice, channel="sms", endpoint=WORD)
    for text in (
        admin_client.get(place(SmsNotification, "changelist")).content.decode(),
        page_of(admin_client, message),
    ):
        assert "…cote" in text
        assert WORD not in text


def test_of_text_messages_the_segments_are_shown_and_of_mails_not(
    admin_client: Client, alice: Person
) -> None:
    message, mail = mail_to(alice, channel="sms", segments=3), mail_to(alice)
    assert "field-segments" in admin_client.get(place(SmsNotification, "changelist")).content.decode()
    assert "field-segments" in page_of(admin_client, message)
    assert "field-segments" not in page_of(admin_client, mail, EmailNotification)


def test_an_attempt_shows_its_code(admin_client: Client, alice: Person) -> None:
    message = mail_to(alice, channel="sms")
    DeliveryAttempt.objects.create(delivery=message, succeeded=False, code="NO_CREDIT", answer="Pay first.")
    assert "NO_CREDIT" in page_of(admin_client, message)


# The preview


@pytest.mark.usefixtures("text_pigeons")
def test_the_texts_are_shown_and_what_the_channel_would_hand_over(
    admin_client: Client, alice: Person
) -> None:
    row = dovecote(alice, channel="sms", secret="whsec_newest")
    texts = {"title": f"Kite {HOSTILE}", "message": "It flies.", "url": "/products/1/"}
    message = mail_to(alice, channel="sms", target=row, **texts)
    for query in ("", "?text"):
        shown = preview_of(admin_client, message, query)
        for said in ("It flies.", "/products/1/", "SLIP Kite"):
            assert said in shown
        assert "whsec" not in shown
    assert HOSTILE not in preview_of(admin_client, message)


@pytest.mark.usefixtures("text_pigeons")
def test_a_secret_is_masked(admin_client: Client, alice: Person) -> None:
    message = mail_to(alice, channel="sms", event_type="test.whispered", message="open sesame")
    assert MASK in page_of(admin_client, message)
    assert "open sesame" not in page_of(admin_client, message) + preview_of(admin_client, message)


def test_a_message_of_a_channel_that_is_not_there_breaks_no_page(
    admin_client: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(channels(), "sms", raising=False)
    message = mail_to(alice, channel="sms", endpoint=WORD)
    assert WORD not in page_of(admin_client, message)
    assert "It cannot be written" in preview_of(admin_client, message)


# Paused


def test_what_waits_because_of_a_pause_says_so_with_the_reason(admin_client: Client, alice: Person) -> None:
    due = mail_to(alice, state="pending")
    later = mail_to(alice, state="pending", available_at=timezone.now() + timedelta(hours=1))
    page = place(EmailNotification, "changelist")
    said = "waits: nothing is sent by Email at present. The server moves."
    assert said not in admin_client.get(page).content.decode()
    pauses.pause("email", "The server moves.\nMore of it.", by_hand=True)
    assert admin_client.get(page).content.decode().count(said) == 1
    assert said in page_of(admin_client, due, EmailNotification)
    assert said not in page_of(admin_client, later, EmailNotification)
    pauses.resume("email")
    assert said not in page_of(admin_client, due, EmailNotification)
