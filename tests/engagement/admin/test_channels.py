"""How the channels are doing, for operators, who pause them and resume them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from capabilities.people.models import Person
from engagement import pauses
from engagement.models import ChannelPause, DeliveryAttempt, EmailNotification
from tests.engagement.admin.pages import place
from tests.engagement.mails import mail_to
from tests.engagement.pigeon import Pigeons, dovecote

pytestmark = pytest.mark.django_db

PAGE = "/admin/engagement/channelpause/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def staff(client: Client, bob: Person) -> Client:
    """A browser in which somebody is logged in who may look, and do nothing yet."""
    Person.objects.filter(pk=bob.pk).update(is_staff=True)
    permit(bob, "view")
    client.force_login(bob)
    return client


def permit(person: Person, action: str) -> None:
    person.user_permissions.add(Permission.objects.get(codename=f"{action}_channelpause"))


def text_of(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def press(client: Client, button: str, channel: str = "email", **fields: Any) -> list[str]:
    """Press a button of the page; return what it says then."""
    answer = client.post(place(ChannelPause, button, channel), fields, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    return [str(message) for message in answer.context["messages"]]


def test_it_is_in_the_index_of_the_admin(admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:app_list", args=["engagement"])).content.decode()
    assert f'href="{PAGE}"' in text
    assert "Channels" in text


def test_each_channel_says_what_it_lacks_who_provides_it_and_what_waits(
    admin_client: Client, alice: Person, pigeons: Pigeons
) -> None:
    mail_to(alice, state="pending", available_at=timezone.now() - timedelta(hours=1))
    mail_to(alice, channel="pigeon", state="dead")
    text = text_of(admin_client)
    assert "Set ENGAGEMENT_BASE_URL" in text
    assert "Pigeon · racing homer" in text
    assert "1 due, 0 waiting for their time, 0 on the way, 0 to be tried again, 0 dead" in text
    assert "0 to be tried again, 1 dead" in text


def test_failures_are_there_by_code_and_the_last_leads_to_its_message(
    admin_client: Client, alice: Person, pigeons: Pigeons
) -> None:
    mail, bird = mail_to(alice), mail_to(alice, channel="pigeon")
    for code, answer in (("timeout", "Nobody."), ("421", f"421 Later {HOSTILE}")):
        DeliveryAttempt.objects.create(delivery=mail, succeeded=False, code=code, answer=answer)
    DeliveryAttempt.objects.create(delivery=bird, succeeded=False, answer="A hawk.")
    text = text_of(admin_client)
    for said in ("0 sent, 2 failed", "<code>421</code>: 1", "421 Later", "without a code: 1", "A hawk."):
        assert said in text
    assert HOSTILE not in text
    assert f'href="{place(EmailNotification, "change", mail.pk)}">#{mail.pk}</a>' in text
    assert f"#{bird.pk}</a>" not in text, "there is no page of it"


def test_endpoints_are_counted_and_why_they_were_retired(
    admin_client: Client, alice: Person, pigeons: Pigeons
) -> None:
    dovecote(alice, "used")
    dovecote(alice, "gone", retired_at=timezone.now(), retired_because="It burnt.")
    text = text_of(admin_client)
    assert "1 in use, 0 waiting to be verified, 1 retired within 7 days" in text
    assert "It burnt.: 1" in text


def test_it_takes_as_many_queries_for_many_rows_as_for_few(admin_client: Client, alice: Person) -> None:
    counts = []
    for _round in range(2):
        for _ in range(5):
            mail = mail_to(alice, state="dead")
            DeliveryAttempt.objects.create(delivery=mail, succeeded=False, code=f"{mail.pk}")
        text_of(admin_client)
        with CaptureQueriesContext(connection) as captured:
            text_of(admin_client)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# Pausing and resuming


def test_a_channel_is_paused_until_it_is_resumed(admin_client: Client) -> None:
    assert press(admin_client, "pause", reason=f"The server moves. {HOSTILE}") == [
        "Nothing is sent by Email from now on. What is owed waits, and is not lost."
    ]
    pause = ChannelPause.objects.get()
    assert (pause.channel, pause.until, pause.is_by_hand) == ("email", None, True)
    text = text_of(admin_client)
    assert "until it is resumed." in text
    assert "The server moves." in text
    assert "(by an operator)" in text
    assert HOSTILE not in text
    assert press(admin_client, "resume") == ["Messages are sent by Email again."]
    assert pauses.paused() == {}
    assert press(admin_client, "resume") == ["Email was not paused."]


def test_a_channel_is_paused_for_some_minutes(admin_client: Client) -> None:
    press(admin_client, "pause", reason="Maintenance.", minutes="30")
    pause = ChannelPause.objects.get()
    assert pause.until is not None
    assert timedelta(minutes=29) < pause.until - timezone.now() <= timedelta(minutes=30)
    assert f"until {pause.until:%Y-%m-%d %H:%M}." in text_of(admin_client)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": ""}, "Reason: This field is required."),
        ({"reason": "x" * 1001}, "Reason: Ensure this value has at most 1000 characters (it has 1001)."),
        ({"reason": "Why", "minutes": "0"}, "Minutes: Ensure this value is greater than or equal to 1."),
        ({"reason": "Why", "minutes": "soon"}, "Minutes: Enter a whole number."),
        (
            {"reason": "Why", "minutes": "9" * 30},
            "Minutes: Ensure this value is less than or equal to 525600.",
        ),
        ({"reason": "\0"}, "Reason: Null characters are not allowed."),
    ],
)
def test_what_cannot_be_meant_pauses_nothing(admin_client: Client, fields: dict[str, str], said: str) -> None:
    assert press(admin_client, "pause", **fields) == [said]
    assert not ChannelPause.objects.exists()


def test_who_did_it_is_in_the_history_of_the_admin(admin_client: Client) -> None:
    press(admin_client, "pause", reason="Maintenance.", minutes="30")
    press(admin_client, "resume")
    press(admin_client, "resume")
    found = LogEntry.objects.order_by("pk").values_list("user__username", "object_repr", "change_message")
    assert list(found) == [
        ("admin", "email", "Paused for 30 minutes: Maintenance."),
        ("admin", "email", "Resumed."),
    ]


def test_a_pause_by_the_provider_is_told_apart_and_can_be_ended(admin_client: Client) -> None:
    pauses.pause("email", "401 No such account", seconds=3600)
    assert "(by what the provider said)" in text_of(admin_client)
    press(admin_client, "resume")
    assert pauses.paused() == {}


@pytest.mark.parametrize("channel", ["app", "fax"])
def test_only_what_leaves_the_house_can_be_paused(admin_client: Client, channel: str) -> None:
    answer = admin_client.post(place(ChannelPause, "pause", channel), {"reason": "Why"})
    assert answer.status_code == 404
    assert not ChannelPause.objects.exists()


# Permissions


def test_who_may_not_change_has_no_buttons(staff: Client, bob: Person) -> None:
    assert "<form" not in text_of(staff).partition('class="channels"')[2].partition("</main>")[0]
    for button in ("pause", "resume"):
        assert staff.post(place(ChannelPause, button, "email"), {"reason": "Why"}).status_code == 403
    assert not ChannelPause.objects.exists()
    permit(bob, "change")
    staff.force_login(Person.objects.get(pk=bob.pk))
    press(staff, "pause", reason="Why")
    assert ChannelPause.objects.exists()


def test_who_may_not_look_sees_nothing(client: Client, alice: Person, bob: Person) -> None:
    client.force_login(alice)
    assert client.get(PAGE).status_code == 302
    Person.objects.filter(pk=bob.pk).update(is_staff=True)
    client.force_login(bob)
    assert client.get(PAGE).status_code == 403


def test_a_link_changes_nothing_and_another_site_cannot_press_a_button(
    admin_client: Client, admin_user: Any
) -> None:
    for button in ("pause", "resume"):
        assert admin_client.get(place(ChannelPause, button, "email")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(place(ChannelPause, "pause", "email"), {"reason": "Why"}).status_code == 403
    assert not ChannelPause.objects.exists()
    assert admin_client.post(PAGE).status_code == 405
