"""What goes wrong while mails are sent stays with the one whom it befalls, and nothing is sent twice or left lying."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from capabilities.people.models import Person
from engagement import deliver, limit
from engagement.doctor import examine
from engagement.message import message_of
from engagement.models import (
    AppNotification,
    Delivery,
    DeliveryAttempt,
    NotificationRule,
    NotificationSettings,
    Suppression,
)
from engagement.notifier import notify, retract
from engagement.registry import MASK, NotifierRegistry
from events.bus import event_bus
from events.drain import drain
from events.models import EventLog
from events.sql import execute
from tests.conftest import make_people
from tests.engagement.test_secrets import CODE, tables_with
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

WriteWording = Callable[[str, str], Path]


def tell(*people: Person, **options: Any) -> None:
    """Publish something that concerns these people, and write their Deliveries."""
    event_bus.publish(Told(people=[each.pk for each in people]), **options)
    drain("events", seconds=float("inf"))


def send() -> int:
    """Send what is due."""
    return drain("delivery", seconds=float("inf"))


def claim_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a drain claim as much as it ever does from the first."""
    monkeypatch.setattr(
        "events.take.Pace.__init__", lambda pace, quick: pace.__dict__.update(limit=100, _quick=quick)
    )


def state_of(person: Person) -> tuple[str, int, str]:
    """Return what became of the only mail to a person."""
    found = Delivery.objects.get(person=person)
    return found.state, found.failed, found.last_error.splitlines()[0] if found.last_error else ""


# One among others


def test_a_bug_in_one_mail_does_not_disturb_its_neighbours(
    server: SmtpServer, alice: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_bobs(delivery: Delivery, *rest: Any) -> Any:
        if delivery.person_id == bob.pk:
            raise ZeroDivisionError("There is a bug in this.")
        return message_of(delivery, *rest)

    claim_all_at_once(monkeypatch)
    monkeypatch.setattr(deliver, "message_of", break_bobs)
    tell(alice, bob, carol)
    assert send() == 3
    assert sorted(each.recipients[0] for each in server.received) == [alice.email, carol.email]
    assert state_of(bob) == ("retrying", 1, "ZeroDivisionError: There is a bug in this.")
    assert DeliveryAttempt.objects.get(delivery__person=bob).answer.startswith("ZeroDivisionError")


@pytest.mark.parametrize(("place", "name"), [(deliver, "Recheck"), (limit, "too_many")])
def test_when_the_check_of_a_claim_fails_all_of_it_is_tried_again(
    server: SmtpServer, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    """Nothing may stay claimed: it would wait for its lease to run out, and be taken for what killed its worker."""
    claim_all_at_once(monkeypatch)
    tell(alice, bob)
    errors, check = [OperationalError("canceling statement due to statement timeout")], getattr(place, name)

    def fail_once(claimed: Any) -> Any:
        if errors:
            raise errors.pop()
        return check(claimed)

    monkeypatch.setattr(place, name, fail_once)
    send()
    assert not Delivery.objects.filter(state="running").exists()
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    send()
    assert sorted(each.recipients[0] for each in server.received) == [alice.email, bob.email]
    assert set(Delivery.objects.values_list("state", "crashed")) == {("succeeded", 0)}
    assert not Delivery.objects.filter(allowed_at=None).exists(), "each was counted"


# What changed between plan and send


def test_a_person_who_was_deleted_is_not_written_to(server: SmtpServer, alice: Person, bob: Person) -> None:
    """By SQL, as other programs do it; nothing in the database would stop them."""
    tell(alice, bob)
    execute("DELETE FROM people_person WHERE id = %s", [alice.pk])
    assert send() == 2
    assert [each.recipients for each in server.received] == [[bob.email]]
    row = Delivery.objects.get(person_id=alice.pk)
    assert (row.state, row.last_error) == ("skipped", "skipped: person deleted")


def test_a_person_who_is_deleted_takes_their_messages_along(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    tell(alice, bob)
    send()
    alice.delete()
    assert {each.person for each in Delivery.objects.all()} == {bob}
    assert DeliveryAttempt.objects.count() == 1
    assert examine() == []


def test_what_has_become_of_no_use_is_not_sent(server: SmtpServer, alice: Person) -> None:
    tell(alice)
    Delivery.objects.update(not_after=timezone.now() - timedelta(seconds=1))
    send()
    assert (state_of(alice), server.received) == (("skipped", 0, "skipped: expired"), [])


def test_quiet_hours_that_have_begun_are_waited_for_uncounted(server: SmtpServer, alice: Person) -> None:
    tell(alice)
    now = timezone.now()
    begin, end = ((now + timedelta(hours=hours)).time() for hours in (-1, 2))
    NotificationSettings.objects.create(person=alice, quiet_from=begin, quiet_until=end)
    send()
    found = Delivery.objects.get()
    assert (server.received, found.state, found.failed) == ([], "retrying", 0)
    assert timedelta(hours=1, minutes=58) < found.available_at - now < timedelta(hours=2, minutes=1)


def test_what_never_waits_does_not_wait_for_them_either(server: SmtpServer, alice: Person) -> None:
    NotificationRule.objects.create(category="test", mandatory=["email"])
    tell(alice)
    now = timezone.now()
    begin, end = ((now + timedelta(hours=hours)).time() for hours in (-1, 2))
    NotificationSettings.objects.create(person=alice, quiet_from=begin, quiet_until=end)
    send()
    assert len(server.received) == 1


# Secrets


@pytest.fixture
def coded(
    server: SmtpServer, alice: Person, write_wording: WriteWording, own_notifiers: NotifierRegistry
) -> Callable[[], Delivery]:
    """Return a function that plans a mail with a secret to Alice; nothing else has it but the event."""
    write_wording("test.whispered", '[en.app]\ntitle = "A code"\n[en.email]\ntitle = "It is {{ code }}"\n')
    NotificationRule.objects.create(category="test", channels=["app", "email"])

    def plan() -> Delivery:
        notify(alice, "test.whispered", about="door:1", code=CODE)
        assert {*tables_with(CODE)} == {"engagement_delivery", "events_eventlog"}
        return Delivery.objects.get(is_digest=False)

    return plan


def skip_it(server: SmtpServer, delivery: Delivery) -> None:
    Suppression.objects.create(channel="email", endpoint=delivery.endpoint)
    send()


def retract_it(server: SmtpServer, delivery: Delivery) -> None:
    retract("door:1")


def send_it(server: SmtpServer, delivery: Delivery) -> None:
    send()
    assert CODE in str(server.received[0].message["Subject"])


@pytest.mark.parametrize("end", [send_it, skip_it])
def test_a_secret_is_gone_from_the_whole_database_once_its_mail_is_done(
    server: SmtpServer, coded: Callable[[], Delivery], end: Callable[[SmtpServer, Delivery], None]
) -> None:
    end(server, coded())
    assert tables_with(CODE) == []
    assert Delivery.objects.get().title == MASK
    assert not EventLog.objects.filter(has_secrets=True).exists()


def test_nor_does_a_retracted_mail_keep_it(server: SmtpServer, coded: Callable[[], Delivery]) -> None:
    retract_it(server, coded())
    assert Delivery.objects.get().state == "cancelled"
    assert tables_with(CODE) == []


@pytest.mark.parametrize("end", [skip_it, retract_it])
def test_a_mail_whose_secret_is_gone_is_not_sent_again_without_it(
    server: SmtpServer, coded: Callable[[], Delivery], end: Callable[[SmtpServer, Delivery], None]
) -> None:
    end(server, coded())
    assert Delivery.objects.all().requeue() == 0


def test_a_mail_that_failed_keeps_it_for_the_next_attempt(
    server: SmtpServer, coded: Callable[[], Delivery], caplog: pytest.LogCaptureFixture
) -> None:
    server.at_data = "451 4.3.0 Full"
    coded()
    send()
    assert "Full" in Delivery.objects.get().last_error
    assert CODE not in Delivery.objects.get().last_error
    server.at_data = ""
    Delivery.objects.update(available_at=Now())
    send()
    assert CODE in str(server.received[0].message["Subject"])
    assert tables_with(CODE) == []


# The database


@pytest.fixture
def killed_once(transactional_db: None) -> Iterator[None]:
    """The first who records an attempt loses the connection amid that; a sequence is not rolled back."""
    execute("CREATE SEQUENCE kill_once")
    execute(
        "CREATE FUNCTION kill_recorder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('kill_once') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$"
    )
    execute(
        "CREATE TRIGGER kill_recorder BEFORE INSERT ON engagement_deliveryattempt"
        " FOR EACH ROW EXECUTE FUNCTION kill_recorder()"
    )
    yield
    execute("DROP FUNCTION kill_recorder CASCADE")
    execute("DROP SEQUENCE kill_once")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("killed_once")
def test_a_database_lost_just_as_a_success_is_recorded_does_not_repeat_the_mail(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    tell(alice, bob)
    assert send() == 2
    send()
    assert sorted(each.recipients[0] for each in server.received) == [alice.email, bob.email]
    assert set(Delivery.objects.values_list("state", "failed", "crashed")) == {("succeeded", 0, 0)}
    assert DeliveryAttempt.objects.filter(succeeded=True).count() == 2
    assert server.connections == 1


# notify, with nobody at the other end


@pytest.mark.django_db(transaction=True)
def test_notify_returns_its_notification_though_the_server_is_dead(server: SmtpServer, alice: Person) -> None:
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    server.stop()
    found = notify(alice, "test.told", people=[])
    assert isinstance(found, AppNotification)
    assert state_of(alice)[:2] == ("retrying", 1)
    assert server.received == []
    server.start()
    Delivery.objects.update(available_at=Now())
    assert send() == 1
    assert len(server.received) == 1


@pytest.mark.django_db(transaction=True)
def test_so_it_does_in_a_transaction_which_commits_all_the_same(server: SmtpServer, alice: Person) -> None:
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    server.stop()
    with transaction.atomic():
        found = notify(alice, "test.told", people=[])
        assert state_of(alice)[:2] == ("pending", 0)
    assert isinstance(found, AppNotification)
    assert AppNotification.objects.filter(pk=found.pk).exists()
    assert state_of(alice)[:2] == ("retrying", 1)


@pytest.mark.django_db(transaction=True)
def test_rolled_back_nothing_is_sent(server: SmtpServer, alice: Person) -> None:
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    with transaction.atomic():
        notify(alice, "test.told", people=[])
        transaction.set_rollback(True)
    assert (server.received, Delivery.objects.count()) == ([], 0)


# How many statements


def statements(count: int) -> dict[str, int]:
    """Send so many mails to as many people in one claim; return how many statements of each kind that took."""
    people = make_people(count)
    for pk in people:
        Person.objects.filter(pk=pk).update(email=f"p{pk}@kiteworks.example", username=f"p{pk}")
    event_bus.publish(Told(people=people))
    drain("events", seconds=float("inf"))
    with CaptureQueriesContext(connection) as captured:
        assert send() == count
    recorded = sum("INSERT INTO engagement_deliveryattempt" in each["sql"] for each in captured)
    others = [each["sql"] for each in captured if "engagement_deliveryattempt" not in each["sql"]]
    return {"recorded": recorded, "others": len(others)}


def test_a_claim_of_a_hundred_takes_as_many_statements_as_one_of_ten_and_one_for_each_mail(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim_all_at_once(monkeypatch)
    monkeypatch.setattr("events.take.SLOW", 60)
    monkeypatch.setattr("events.drain.EXPIRE_EVERY", 0)
    few, many = statements(10), statements(100)
    assert (few["recorded"], many["recorded"]) == (10, 100)
    assert few["others"] == many["others"] <= 12
