"""A sensitive value is nowhere once it has been told: not in any table, not in the log."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import AppNotification, Mute, NotifiableEvent
from engagement.notifier import Notifier, notify, notify_bulk
from engagement.plan import plan
from engagement.registry import MASK
from engagement.tasks import process_notification
from events.bus import event_bus
from events.sql import fetch
from events.testing import work_off
from tests.engagement.samples import published
from tests.probe.events import Whispered

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
