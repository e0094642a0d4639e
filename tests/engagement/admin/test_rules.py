"""Rules in the admin: a box for each channel, and one for none of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from engagement.admin.rules import NOWHERE
from engagement.models import NotificationRule
from engagement.rules import rules_for
from tests.engagement.admin.pages import place

pytestmark = pytest.mark.django_db


def send(client: Client, page: str = "", **fields: Any) -> str:
    """Send the form of a rule for test.told; return the page that comes back."""
    rest = {"event_type": "test.told", "category": "", "is_active": "on", "retention": "", "importance": ""}
    return client.post(page or place(NotificationRule, "add"), rest | fields).content.decode()


@pytest.mark.parametrize(
    ("ticked", "saved"),
    [([], None), (["app"], ["app"]), (["app", "email"], ["app", "email"]), ([NOWHERE], [])],
)
def test_the_boxes_say_where_it_goes_or_nothing(
    admin_client: Client, ticked: list[str], saved: list[str] | None
) -> None:
    send(admin_client, channels=ticked)
    assert NotificationRule.objects.get().channels == saved
    (found,) = [rules_for("test.told", "test").of_type.channels]
    assert found == (None if saved is None else frozenset(saved))


def test_nowhere_and_a_channel_contradict_each_other(admin_client: Client) -> None:
    assert "Choose channels, or nowhere" in send(admin_client, channels=[NOWHERE, "app"])
    assert not NotificationRule.objects.exists()


@pytest.mark.parametrize("ticked", [[NOWHERE], ["app"], []])
def test_what_was_ticked_is_ticked_again(admin_client: Client, ticked: list[str]) -> None:
    send(admin_client, channels=ticked, mandatory=["email"])
    page = place(NotificationRule, "change", NotificationRule.objects.get().pk)
    form = admin_client.get(page).context["adminform"].form
    assert (form["channels"].value() or []) == ticked
    assert form["mandatory"].value() == ["email"]


def test_a_channel_is_mandatory_by_its_box(admin_client: Client) -> None:
    send(admin_client, mandatory=["app"], retention="3 00:00:00", importance="high", is_active="")
    rule = NotificationRule.objects.get()
    assert (rule.mandatory, rule.importance, rule.is_active) == (["app"], "high", False)
    assert rule.retention is not None
    assert rule.retention.days == 3


@pytest.mark.parametrize(
    ("sent", "digest", "delay"),
    [
        ({}, None, None),
        ({"digest": "daily", "email_delay": "00:15:00"}, "daily", timedelta(minutes=15)),
        ({"digest": "never", "email_delay": "0"}, "never", timedelta(0)),
    ],
)
def test_what_mails_wait_for_can_be_laid_down_or_left_open(
    admin_client: Client, sent: dict[str, str], digest: str | None, delay: timedelta | None
) -> None:
    send(admin_client, **sent)
    found = rules_for("test.told", "test").of_type
    assert (found.digest, found.email_delay) == (digest, delay)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"channels": ["pigeon"]}, "Select a valid choice"),
        ({"mandatory": [NOWHERE]}, "Select a valid choice"),
        ({"category": "test"}, "Choose either"),
        ({"event_type": "", "category": ""}, "Choose either"),
        ({"event_type": "test.tolt"}, "Select a valid choice"),
        ({"event_type": "", "category": "tset"}, "Select a valid choice"),
        ({"retention": "-1 00:00:00"}, "longer than nothing"),
        ({"digest": "weekly"}, "Select a valid choice"),
        ({"email_delay": "-00:15:00"}, "from nothing to a day"),
        ({"email_delay": "1 00:00:01"}, "from nothing to a day"),
        ({"email_delay": "soon"}, "Enter a valid duration"),
    ],
)
def test_what_is_wrong_is_sent_back(admin_client: Client, fields: dict[str, Any], error: str) -> None:
    assert error in send(admin_client, **fields)
    assert not NotificationRule.objects.exists()


def test_the_list_says_it_in_words(admin_client: Client) -> None:
    NotificationRule.objects.create(category="test", channels=[], mandatory=["app", "email"])
    NotificationRule.objects.create(
        event_type="test.told", channels=["app"], digest="daily", email_delay=timedelta(minutes=15)
    )
    NotificationRule.objects.create(category="product", email_delay=timedelta(0))
    text = admin_client.get(place(NotificationRule, "changelist")).content.decode()
    for said in ("category test", "test.told", "nowhere", "Inbox, Email", "read or not"):
        assert said in text
    assert "Daily digest, if unread after 0:15:00" in text
