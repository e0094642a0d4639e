"""What is announced of changes: once for each statement, in its transaction, to the point, and short enough."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from capabilities.people.models import Person
from engagement import announce, inbox
from engagement.models import AppNotification
from engagement.notifier import retract
from events.bus import event_bus
from events.drain import drain
from tests.conftest import make_people
from tests.engagement.samples import fill_inbox, notified
from tests.probe.events import Told

pytestmark = pytest.mark.django_db(transaction=True)


class Ear:
    """Listens as a web process does."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw
        self._raw.execute(f"LISTEN {announce.CHANNEL}")

    def payloads(self) -> list[str]:
        """Return what has been announced since it was last asked."""
        self._raw.execute("SELECT 1")
        return [each.payload for each in self._raw.notifies(timeout=0.05)]

    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(each) for each in self.payloads()]


@pytest.fixture
def ear(transactional_db: None) -> Iterator[Ear]:
    given = connection.get_connection_params()
    known = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if name in given}
    with psycopg.connect(**known, autocommit=True) as raw:
        yield Ear(raw)


def test_a_batch_is_announced_once_however_many_it_concerns(ear: Ear) -> None:
    logged = event_bus.publish(Told(people=make_people(50)))
    drain()
    events = AppNotification.objects.order_by("event_id").values_list("event_id", flat=True)
    assert ear.heard() == [{"batch": logged.pk, "first": events[0], "last": events[49]}]


def test_a_thousand_people_are_a_batch_and_twelve_hundred_are_two(ear: Ear) -> None:
    event_bus.publish(Told(people=make_people(1_200)))
    drain()
    assert len(ear.heard()) == 2


def test_nothing_is_announced_of_an_event_that_reaches_no_inbox(ear: Ear, alice: Person) -> None:
    event_bus.publish(Told(people=[alice.pk]), actor=alice)
    drain()
    assert ear.heard() == []


def test_each_change_is_announced_with_its_rows(ear: Ear, alice: Person, bob: Person) -> None:
    row, other = notified(alice), notified(bob)
    row.mark_as_read()
    assert ear.heard() == [{"changed": alice.pk, "ids": [row.pk]}]
    row.mark_as_read()
    assert ear.heard() == [], "it was read already"
    AppNotification.objects.filter(pk=row.pk).mark_unread()
    assert ear.heard() == [{"changed": alice.pk, "ids": [row.pk]}]
    assert AppNotification.objects.update(archived_at=timezone.now()) == 2
    heard = sorted(ear.heard(), key=lambda each: each["changed"])
    assert heard == [{"changed": each.person_id, "ids": [each.pk]} for each in (row, other)]


def test_that_it_was_seen_changes_no_page(ear: Ear, alice: Person) -> None:
    notified(alice)
    assert AppNotification.objects.update(seen_at=timezone.now()) == 1
    assert ear.heard() == []


def test_of_very_many_it_is_only_said_that_there_are_many(ear: Ear, alice: Person) -> None:
    rows = fill_inbox(alice, announce.MOST_IDS)
    inbox.mark_all_read(alice)
    [told] = ear.heard()
    assert sorted(told["ids"]) == [row.pk for row in rows]
    fill_inbox(alice, announce.MOST_IDS + 1)
    assert inbox.mark_all_read(alice) == announce.MOST_IDS + 1
    assert ear.heard() == [{"changed": alice.pk, "ids": None}]


def test_what_is_withdrawn_is_announced_with_its_people_however_many(ear: Ear) -> None:
    logged = event_bus.publish(Told(people=make_people(500)), about="kite:1")
    drain()
    rows = set(AppNotification.objects.values_list("person_id", "pk"))
    ear.heard()
    assert retract("kite:1") == 500
    payloads = ear.payloads()
    assert {tuple(pair) for each in payloads for pair in json.loads(each)["gone"]} == rows
    assert len(payloads) == -(-500 // announce.ROWS_AT_ONCE)
    assert retract("kite:1") == 0
    assert ear.heard() == []
    assert logged.pk


def test_what_is_rolled_back_is_not_announced(ear: Ear, alice: Person) -> None:
    row = notified(alice)
    with transaction.atomic():
        row.mark_as_read()
        transaction.set_rollback(True)
    assert ear.heard() == []


def test_the_longest_payloads_fit_for_uuids_as_well() -> None:
    """PostgreSQL takes payloads of less than 8,000 bytes."""
    uuid, largest = "x" * 36, 2**63 - 1
    gone = json.dumps({"gone": [[uuid, largest]] * announce.ROWS_AT_ONCE})
    changed = json.dumps({"changed": uuid, "ids": [largest] * announce.MOST_IDS})
    assert max(len(gone), len(changed)) < 8_000


def test_a_session_that_ends_is_announced_by_its_mark(ear: Ear, alice: Person) -> None:
    announce.ended(alice.pk, "the key of a session")
    announce.ended(alice.pk)
    one, all_ = ear.heard()
    assert (one["ended"], len(one["session"])) == (str(alice.pk), 32)
    assert "the key" not in json.dumps(one)
    assert all_ == {"ended": str(alice.pk), "session": None}


def test_an_account_is_announced_when_it_is_closed_and_not_when_it_is_saved(ear: Ear, alice: Person) -> None:
    alice.save()
    assert ear.heard() == []
    alice.is_active = False
    alice.save()
    key = str(alice.pk)
    assert ear.heard() == [{"ended": key, "session": None}]
    get_user_model().objects.get(pk=alice.pk).delete()
    assert ear.heard() == [{"ended": key, "session": None}]
