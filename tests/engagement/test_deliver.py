"""What was planned is sent, or it is said why not: with a real SMTP server at the other end."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from capabilities.people.models import Person
from engagement import recheck
from engagement.channels.email import EmailConnection
from engagement.doctor import examine
from engagement.models import (
    AppNotification,
    Delivery,
    DeliveryAttempt,
    Mute,
    NotificationPreference,
    NotificationRule,
    Suppression,
)
from engagement.notifier import notify, retract
from engagement.outgoing import DeliveryError, Sent
from events.bus import event_bus
from events.drain import drain
from events.testing import work_off
from tests.engagement.samples import outcomes_of
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


def tell(*people: Person, **options: Any) -> None:
    """Publish something that concerns these people, and write their Deliveries."""
    event_bus.publish(Told(people=[each.pk for each in people]), **options)
    drain("events", seconds=float("inf"))


def send() -> int:
    """Send what is due."""
    return drain("delivery", seconds=float("inf"))


def test_a_mail_is_sent_and_the_answer_kept(server: SmtpServer, alice: Person) -> None:
    tell(alice)
    (planned,) = Delivery.objects.all()
    assert (planned.state, planned.channel, planned.endpoint) == ("pending", "email", alice.email)
    assert send() == 1
    (received,) = server.received
    (sent,) = Delivery.objects.all()
    (attempt,) = DeliveryAttempt.objects.all()
    assert (sent.state, sent.is_sent, sent.attempts) == ("succeeded", True, 1)
    assert received.message_id == sent.message_id == planned.message_id
    assert received.recipients == [alice.email]
    assert (attempt.delivery_id, attempt.succeeded, attempt.answer[:4]) == (sent.pk, True, "250 ")
    assert examine() == []


def test_a_mail_that_was_sent_has_a_line_in_the_log_without_its_subject_and_whole_address(
    server: SmtpServer, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engagement.deliver")
    tell(alice)
    assert send() == 1
    (line,) = [each.message for each in caplog.records if each.name == "engagement.deliver"]
    assert line == f"Sent {Delivery.objects.get().message_id} to a…@kiteworks.example"


def test_all_mails_of_a_turn_go_over_one_connection(server: SmtpServer, alice: Person, bob: Person) -> None:
    for _ in range(5):
        tell(alice, bob)
    send()
    assert (len(server.received), server.connections) == (10, 1)


def change_preference(alice: Person) -> None:
    NotificationPreference.objects.create(person=alice, category="test", type="apps")


def suppress(alice: Person) -> None:
    Suppression.objects.create(channel="email", endpoint=alice.email)


def lose_address(alice: Person) -> None:
    Person.objects.filter(pk=alice.pk).update(email="")


def deactivate(alice: Person) -> None:
    Person.objects.filter(pk=alice.pk).update(is_active=False)


def mute(alice: Person) -> None:
    Mute.objects.create(person=alice, about="kite:1")


def switch_off(alice: Person) -> None:
    NotificationRule.objects.create(category="test", is_active=False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (change_preference, "skipped: choice for this category"),
        (suppress, "skipped: endpoint suppressed"),
        (lose_address, "skipped: no endpoint"),
        (deactivate, "skipped: account inactive"),
        (mute, "skipped: muted"),
        (switch_off, "skipped: switched off"),
    ],
)
def test_what_changed_meanwhile_counts(server: SmtpServer, alice: Person, change: Any, why: str) -> None:
    tell(alice, about="kite:1")
    change(alice)
    send()
    (delivery,) = Delivery.objects.all()
    assert (delivery.state, delivery.last_error) == ("skipped", why)
    assert (server.received, delivery.is_sent, examine()) == ([], False, [])


def test_the_mail_goes_to_where_the_person_is_now(server: SmtpServer, alice: Person) -> None:
    tell(alice)
    Person.objects.filter(pk=alice.pk).update(email="alice@new.example")
    send()
    assert [each.recipients for each in server.received] == [["alice@new.example"]]
    assert Delivery.objects.get().endpoint == "alice@new.example"


def test_what_is_retracted_is_called_off(server: SmtpServer, alice: Person, bob: Person) -> None:
    tell(alice, about="kite:1")
    tell(bob, about="kite:2")
    retract("kite:1")
    send()
    assert [each.recipients for each in server.received] == [[bob.email]]
    assert Delivery.objects.get(person=alice).state == "cancelled"


def test_what_is_called_off_still_says_what_it_would_have_told(server: SmtpServer, alice: Person) -> None:
    tell(alice, about="kite:1")
    (planned,) = Delivery.objects.all()
    retract("kite:1")
    (cancelled,) = Delivery.objects.all()
    assert (cancelled.title, cancelled.message, cancelled.url) == (
        planned.title,
        planned.message,
        planned.url,
    )
    assert cancelled.title
    assert cancelled.url


def test_what_was_claimed_when_it_was_retracted_is_not_sent(server: SmtpServer, alice: Person) -> None:
    tell(alice, about="kite:1")
    Delivery.claim(1)
    retract("kite:1")
    Delivery.objects.update(state="pending", lease_token=None, lease_until=None)
    send()
    assert (server.received, Delivery.objects.get().last_error) == ([], "skipped: retracted")


def test_a_refused_recipient_is_dead_and_suppressed_and_the_others_are_sent_once(
    server: SmtpServer, alice: Person, bob: Person, carol: Person
) -> None:
    server.refused[bob.email] = "550 5.1.1 No such user"
    tell(alice, bob, carol)
    send()
    send()
    assert sorted(each.recipients[0] for each in server.received) == [alice.email, carol.email]
    dead = Delivery.objects.get(state="dead")
    assert (dead.person, dead.failed) == (bob, 1)
    assert "550 5.1.1 No such user" in dead.last_error
    assert Suppression.objects.get().endpoint == bob.email
    tell(bob)
    assert Delivery.objects.filter(person=bob).count() == 1


def test_a_refusal_for_now_is_tried_again(server: SmtpServer, alice: Person) -> None:
    server.refused[alice.email] = "450 4.2.1 Try later"
    tell(alice)
    send()
    (retrying,) = Delivery.objects.all()
    assert (retrying.state, retrying.failed) == ("retrying", 1)
    server.refused.clear()
    make_due()
    send()
    (sent,) = Delivery.objects.all()
    answers = DeliveryAttempt.objects.order_by("pk").values_list("succeeded", flat=True)
    assert (sent.state, sent.attempts, list(answers)) == ("succeeded", 2, [False, True])
    assert server.ids() == [retrying.message_id]
    assert not Suppression.objects.exists()


def make_due() -> None:
    """Let the time of all that waits have come."""
    Delivery.objects.filter(finished_at=None).update(available_at=Now())


def test_while_the_server_is_away_nothing_is_lost(server: SmtpServer, alice: Person, bob: Person) -> None:
    tell(alice, bob)
    server.stop()
    send()
    states = Delivery.objects.order_by("pk").values_list("state", "failed")
    assert list(states.all()) == [("retrying", 1), ("pending", 0)], "there was no use in trying the second"
    server.start()
    make_due()
    send()
    assert sorted(each.recipients[0] for each in server.received) == [alice.email, bob.email]
    assert list(states.all()) == [("succeeded", 1), ("succeeded", 0)]


def test_retries_may_follow_a_schedule(server: SmtpServer, alice: Person, settings: Settings) -> None:
    settings.ENGAGEMENT_RETRIES = {"email": [60, 120]}
    server.at_data = "451 4.3.0 Full"
    tell(alice)
    for seconds in (60, 120):
        send()
        delivery = Delivery.objects.get()
        assert seconds - 5 < (delivery.available_at - timezone.now()).total_seconds() < seconds * 1.2
        make_due()
    send()
    assert Delivery.objects.get().state == "dead"


def test_a_mail_that_waits_to_be_read_is_not_sent_when_it_was(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    NotificationRule.objects.create(category="test", email_delay=timedelta(minutes=10))
    tell(alice, bob)
    assert send() == 0
    assert {each.wait for each in Delivery.objects.all()} == {"delayed"}
    AppNotification.objects.get(person=alice).mark_as_read()
    make_due()
    send()
    assert [each.recipients for each in server.received] == [[bob.email]]
    assert Delivery.objects.get(person=alice).last_error == "skipped: already read"


def test_notify_sends_before_it_returns(
    server: SmtpServer, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    with django_capture_on_commit_callbacks(execute=True):
        found = notify(alice, "test.told", people=[])
    assert isinstance(found, AppNotification)
    assert [each.recipients for each in server.received] == [[alice.email]]


def test_work_off_sends_too(server: SmtpServer, alice: Person) -> None:
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert len(server.received) == 1


# What is wrong with one message is no other's affair


def test_a_message_on_a_channel_that_is_not_there_waits_and_holds_up_nobody(
    server: SmtpServer, alice: Person, bob: Person, carol: Person
) -> None:
    tell(alice, bob, carol)
    first = Delivery.objects.order_by("pk").first()
    assert first is not None
    Delivery.objects.filter(pk=first.pk).update(channel="pigeon")
    send()
    states = Delivery.objects.order_by("pk").values_list("state", "failed", "crashed")
    assert list(states) == [("retrying", 0, 0), ("succeeded", 0, 0), ("succeeded", 0, 0)]


def test_a_check_that_fails_is_the_failure_of_one_and_the_others_are_checked_again(
    server: SmtpServer, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(alice, bob)
    checks: list[Exception] = [ValueError("a bug")]

    def facts_of(*args: Any) -> dict[int, recheck.Facts]:
        if checks:
            raise checks.pop()
        return usual(*args)

    usual = recheck.facts_of
    monkeypatch.setattr(recheck, "facts_of", facts_of)
    send()
    states = Delivery.objects.order_by("pk").values_list("state", "failed", "crashed")
    assert list(states) == [("retrying", 1, 0), ("succeeded", 0, 0)]


def test_a_mail_whose_notifier_was_renamed_is_sent_as_it_was_decided(
    server: SmtpServer, alice: Person
) -> None:
    tell(alice)
    Delivery.objects.update(notifier="gone.Renamed")
    send()
    assert len(server.received) == 1


def test_where_mail_is_not_set_up_at_present_it_is_waited_for_as_long_as_notifications_are_kept(
    server: SmtpServer, alice: Person, settings: Settings
) -> None:
    tell(alice)
    settings.ENGAGEMENT_BASE_URL = ""
    send()
    assert set(Delivery.objects.values_list("state", "failed")) == {("retrying", 0)}
    Delivery.objects.update(delete_at=Now(), available_at=Now())
    send()
    assert Delivery.objects.get().last_error == "skipped: channel not configured"


def test_who_is_put_off_for_ever_is_dead_in_the_end(
    server: SmtpServer, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> Sent:
        raise DeliveryError("429 Slow down", retry_after=60)

    monkeypatch.setattr(EmailConnection, "send", refuse)
    tell(alice)
    send()
    assert Delivery.objects.get().failed == 0
    Delivery.objects.update(delete_at=Now(), available_at=Now())
    send()
    assert Delivery.objects.get().failed == 1


@pytest.mark.parametrize("how", ["retry_after", "pause"])
def test_who_asks_to_be_asked_again_at_once_is_left_alone_for_a_while(
    server: SmtpServer, alice: Person, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """`Retry-After: 0`, or a date that is over: that is no failure, so there would be no end of it."""

    def refuse(*args: Any) -> Sent:
        raise DeliveryError("503 Come again", **{how: 0.0})  # type: ignore[arg-type]

    monkeypatch.setattr(EmailConnection, "send", refuse)
    tell(alice)
    send()
    assert Delivery.objects.get().available_at > timezone.now() + timedelta(seconds=5)


def test_an_address_that_can_be_none_is_none(server: SmtpServer, alice: Person) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_person ALTER COLUMN email TYPE text")
    Person.objects.filter(pk=alice.pk).update(email=f"{'a' * 320}@kiteworks.example")
    tell(alice)
    assert not Delivery.objects.exists()
    assert outcomes_of(alice)["email"] == "skipped: no endpoint"


def test_while_nobody_can_be_reached_the_lane_rests_and_nobody_sleeps(
    server: SmtpServer, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.rests.RESTS", (30,))
    server.stop()
    tell(alice)
    assert drain("delivery") == 0
    tell(alice)
    assert [drain("delivery") for _ in range(5)] == [0] * 5
    assert sorted(Delivery.objects.values_list("state", "failed")) == [("pending", 0), ("retrying", 1)]


def test_who_notifies_while_nobody_can_be_reached_does_not_wait_again(
    server: SmtpServer, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    server.stop()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            assert notify(alice, "test.told", people=[]) is not None
    assert sorted(Delivery.objects.values_list("state", "failed")) == [("pending", 0), ("retrying", 1)]
