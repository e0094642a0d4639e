"""A sensitive value is nowhere once it has been told: not in any table, not in the log."""

import logging
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import (
    AppNotification,
    Delivery,
    DeliveryAttempt,
    Mute,
    NotifiableEvent,
    NotificationPreference,
    NotificationRule,
    NotificationSettings,
    Suppression,
)
from engagement.notifier import Notifier, notify, notify_bulk, retract
from engagement.plan import plan
from engagement.registry import MASK
from engagement.tasks import process_notification
from events.bus import event_bus
from events.drain import drain
from events.sql import fetch
from events.testing import work_off
from tests.engagement.samples import published
from tests.probe.events import Told, Whispered
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

CODE = "7391-4620"


def tables_with(text: str) -> list[str]:
    """Return the tables of the whole database in which a text occurs, in whatever column."""
    tables = fetch("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    return [
        table
        for (table,) in tables
        if fetch(f"SELECT 1 FROM {table} found WHERE position(%s IN found::text) > 0 LIMIT 1", [text])
    ]


def publish(person: Person) -> None:
    fan_out(published(Whispered(code=CODE)))


def notify_at_once(person: Person) -> None:
    notify(person, "test.whispered", code=CODE)


def notify_later(person: Person) -> None:
    notify_bulk([person], "test.whispered", code=CODE)


def dry_run(person: Person) -> None:
    plan(Whispered(code=CODE))


@pytest.mark.parametrize("tell", [publish, notify_at_once, notify_later, dry_run])
def test_it_is_gone_from_the_whole_database_once_everybody_was_told(
    tell: Callable[[Person], None],
    alice: Person,
    own_notifiers: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class WhisperedNotifier(Notifier[Whispered]):
        event = Whispered
        example = Whispered(code="0")

        def audience(self, event: Whispered) -> list[Person]:
            return [alice]

    caplog.set_level(logging.DEBUG)
    tell(alice)
    work_off()
    assert AppNotification.objects.of(alice).exists() == (tell is not dry_run)
    assert tables_with(CODE) == []
    assert CODE not in "".join(
        record.getMessage() for record in caplog.records if "django.db" not in record.name
    )


def test_a_mute_does_not_keep_it(
    alice: Person, write_wording: Callable[[str, str], Path], client: Client
) -> None:
    """The inbox row is what the person reads; nothing made from it may outlive it."""
    write_wording("test.whispered", '[en.app]\ntitle = "{{ code }}"')
    row = notify(alice, "test.whispered", about="door:1", code=CODE)
    assert isinstance(row, AppNotification)
    client.force_login(alice)
    answer = client.post(f"/inbox/{row.pk}/mute/", {"until": "ever"}, follow=True)
    assert answer.status_code == 200
    assert Mute.objects.get().label == MASK
    assert tables_with(CODE) == ["engagement_appnotification"]
    AppNotification.objects.all().delete()
    assert tables_with(CODE) == []


def test_it_is_gone_from_what_was_made_by_hand(alice: Person) -> None:
    found = NotifiableEvent.objects.create(
        event_type="test.whispered", person=alice, params={"code": CODE, "note": "kept"}
    )
    assert tables_with(CODE) == ["engagement_notifiableevent"]
    process_notification(found.pk)
    assert tables_with(CODE) == []


def test_the_search_would_find_it() -> None:
    event_bus.publish(Whispered(code=CODE))
    assert tables_with(CODE) == ["events_eventlog"]


# By mail


@pytest.fixture
def by_mail(
    server: SmtpServer,
    alice: Person,
    bob: Person,
    own_notifiers: Any,
    write_wording: Callable[[str, str], Path],
) -> SmtpServer:
    """Have it mailed to Alice and Bob, and nothing else: in the title, the text and the address."""
    write_wording("test.whispered", '[en.email]\ntitle = "{{ code }}"\nmessage = "Enter {{ code }}."')

    class WhisperedNotifier(Notifier[Whispered]):
        event = Whispered
        channels = ("email",)
        example = Whispered(code="0")

        def audience(self, event: Whispered) -> list[Person]:
            return [alice, bob]

        def url(self, event: Whispered) -> str:
            return f"/enter/{event.code}/"

    return server


def whisper() -> None:
    """Tell the secret, as far as writing the mails."""
    fan_out(published(Whispered(code=CODE), about="door:1"))
    drain("events", seconds=float("inf"))


def send() -> int:
    """Send what is due."""
    return drain("delivery", seconds=float("inf"))


def collect(settings: Settings) -> None:
    NotificationPreference.objects.bulk_create(
        NotificationPreference(person=person, category="test", digest="daily")
        for person in Person.objects.all()
    )


def lay_down_a_digest(settings: Settings) -> None:
    NotificationRule.objects.create(category="test", digest="hourly")


def lay_down_a_delay(settings: Settings) -> None:
    NotificationRule.objects.create(category="test", email_delay=timedelta(minutes=10))


def be_quiet(settings: Settings) -> None:
    NotificationSettings.objects.bulk_create(
        NotificationSettings(person=person, quiet_from=time(0), quiet_until=time(23, 59, 59, 999999))
        for person in Person.objects.all()
    )


def have_had_enough(settings: Settings) -> None:
    settings.ENGAGEMENT_EMAILS_PER_HOUR = 1
    event_bus.publish(Told(people=[person.pk for person in Person.objects.all()]))
    work_off()


WAITS = [collect, lay_down_a_digest, lay_down_a_delay, be_quiet, have_had_enough]


@pytest.mark.parametrize("waits", WAITS)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_mail_with_it_waits_for_nothing(
    by_mail: SmtpServer, settings: Settings, waits: Callable[[Settings], None], when: str
) -> None:
    if when == "before":
        waits(settings)
    whisper()
    if when == "meanwhile":
        waits(settings)
    send()
    assert len([each for each in by_mail.received if CODE in each.text()]) == 2


@pytest.mark.parametrize("waits", WAITS)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nor_does_one_to_who_was_named_without_a_notifier(
    server: SmtpServer, alice: Person, settings: Settings, waits: Callable[[Settings], None], when: str
) -> None:
    NotificationRule.objects.create(event_type="test.whispered", channels=["email"])
    if when == "before":
        waits(settings)
    notify(alice, "test.whispered", code=CODE)
    if when == "meanwhile":
        waits(settings)
    work_off()
    assert Delivery.objects.get(event_type="test.whispered").state == "succeeded"
    assert tables_with(CODE) == []


def test_it_is_gone_once_the_last_mail_was_sent(by_mail: SmtpServer, bob: Person) -> None:
    by_mail.refused[bob.email] = "450 4.2.1 Try later"
    whisper()
    send()
    assert tables_with(CODE) == ["events_eventlog", "engagement_delivery"], "Bob has yet to get it"
    by_mail.refused.clear()
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    send()
    assert len(by_mail.received) == 2
    assert tables_with(CODE) == []


def test_it_is_gone_once_the_last_mail_was_skipped(by_mail: SmtpServer) -> None:
    whisper()
    for person in Person.objects.all():
        Suppression.objects.create(channel="email", endpoint=person.email)
    send()
    assert set(Delivery.objects.values_list("state", "title", "message", "url")) == {
        ("skipped", MASK, "", "")
    }
    assert tables_with(CODE) == []


def test_it_is_gone_once_it_was_retracted(by_mail: SmtpServer) -> None:
    whisper()
    retract("door:1")
    assert set(Delivery.objects.values_list("state", "title", "message", "url")) == {
        ("cancelled", MASK, "", "")
    }
    assert tables_with(CODE) == []


def test_an_error_that_tells_it_is_kept_by_its_name(
    by_mail: SmtpServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As a template of a project's own may: its error shows what it was given."""

    def break_down(delivery: Delivery, *_: object) -> None:
        raise ValueError(f"{delivery.title.upper()} {quote(delivery.message)}")

    monkeypatch.setattr("engagement.deliver.message_of", break_down)
    whisper()
    send()
    assert set(DeliveryAttempt.objects.values_list("answer", flat=True)) == {"ValueError"}
    assert CODE not in caplog.text
    assert not Delivery.objects.filter(last_error__contains=CODE).exists()


def test_what_is_kept_for_work_that_is_still_to_be_done_outlives_a_retraction(by_mail: SmtpServer) -> None:
    event_bus.publish(Whispered(code=CODE), about="door:1")
    retract("door:1")
    assert tables_with(CODE) == ["events_eventlog"], "a handler has yet to be called"
    work_off()
    assert tables_with(CODE) == []


@pytest.mark.parametrize("tell", [publish, notify_at_once, notify_later, dry_run])
def test_however_it_is_told_it_is_gone_once_it_was_mailed(
    by_mail: SmtpServer, alice: Person, tell: Callable[[Person], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tell(alice)
    work_off()
    assert bool(by_mail.received) == (tell is not dry_run)
    assert tables_with(CODE) == []
    ours = [record for record in caplog.records if record.name.partition(".")[0] in {"engagement", "events"}]
    assert ours
    assert CODE not in "".join(record.getMessage() for record in ours)


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "skipped"])
def test_what_was_made_by_hand_is_gone_once_its_mail_is_done(
    by_mail: SmtpServer, alice: Person, is_sent: bool
) -> None:
    found = NotifiableEvent.objects.create(
        event_type="test.whispered", person=alice, params={"code": CODE, "note": "kept"}
    )
    process_notification(found.pk)
    if not is_sent:
        Suppression.objects.create(channel="email", endpoint=alice.email)
    send()
    assert bool(by_mail.received) == is_sent
    assert tables_with(CODE) == []


def test_what_is_refused_for_good_is_kept_to_be_sent_after_all(
    by_mail: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """By a server that repeats it in its answer, as filters of spam do."""
    by_mail.at_data = f"554 5.6.0 Not {CODE}"
    whisper()
    send()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}
    assert {MASK in each.answer for each in DeliveryAttempt.objects.all()} == {True}
    assert CODE not in "".join(each.getMessage() for each in caplog.records if each.name == "events.handle")
    by_mail.at_data = ""
    assert Delivery.objects.resendable().requeue() == 2
    send()
    assert len(by_mail.received) == 2
    assert tables_with(CODE) == []
