"""What is held for a person is in exactly one digest, complete, whoever builds it and whatever arrives meanwhile."""

import threading
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from freezegun import freeze_time
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.digest import SHOWN
from engagement.doctor import examine
from engagement.models import (
    AppNotification,
    Delivery,
    NotifiableEvent,
    NotificationPreference,
    NotificationRule,
    NotificationSettings,
)
from engagement.notifier import notify, retract
from engagement.recheck import Recheck, Verdict
from events.bus import event_bus
from events.cleanup import clean_up
from events.drain import drain
from tests.polling import eventually
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

UNTIL_DONE = float("inf")


def collect(person: Person, digest: str = "hourly") -> None:
    """Let a person choose a digest."""
    NotificationPreference.objects.create(person=person, category="test", digest=digest)


def tell(*people: Person, times: int = 1, **options: Any) -> None:
    """Publish something that concerns these people, and write their Deliveries."""
    for _ in range(times):
        event_bus.publish(Told(people=[each.pk for each in people]), **options)
    drain("events", seconds=UNTIL_DONE)


def pass_time(hours: float = 1) -> None:
    """Let everything unfinished be due so much earlier, and everything sent be so much longer ago.

    Not what somebody else is at.
    """
    gone = timedelta(hours=hours)
    with transaction.atomic():
        free = Delivery.objects.select_for_update(skip_locked=True).order_by("pk")
        rows = Delivery.objects.filter(pk__in=[each.pk for each in free])
        rows.filter(finished_at=None).update(available_at=F("available_at") - gone)
        rows.filter(sent_at__isnull=False).update(sent_at=F("sent_at") - gone)
        rows.filter(allowed_at__isnull=False).update(allowed_at=F("allowed_at") - gone)


def send() -> int:
    """Send what is due."""
    return drain("delivery", seconds=UNTIL_DONE)


def test_what_is_held_leaves_in_one_mail(server: SmtpServer, alice: Person, bob: Person) -> None:
    collect(alice)
    tell(alice, bob, times=3)
    send()
    assert [each.recipients for each in server.received] == [[bob.email]] * 3
    pass_time()
    send()
    (digest,) = server.to(alice.email)
    assert digest.text().count("Kite was told") == 3
    assert "3 notifications" in str(digest.message["Subject"])
    (row,) = Delivery.objects.filter(is_digest=True)
    assert (row.state, row.items.count(), row.message_id) == ("succeeded", 3, digest.message_id)
    assert examine() == []


def test_the_next_one_begins_when_the_last_was_closed(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    for count in (2, 3):
        tell(alice, times=count)
        pass_time()
        send()
    sizes = [each.items.count() for each in Delivery.objects.filter(is_digest=True).order_by("pk")]
    assert (len(server.received), sizes) == (2, [2, 3])


def test_the_daily_ones_stay_when_the_hourly_ones_leave(server: SmtpServer, alice: Person) -> None:
    collect(alice, "daily")
    tell(alice)
    Delivery.objects.update(available_at=Now() + timedelta(hours=9))
    NotificationPreference.objects.update(digest="hourly")
    tell(alice)
    (digest,) = Delivery.objects.filter(is_digest=True)
    assert digest.available_at < timezone.now() + timedelta(hours=1)
    pass_time()
    send()
    opened, sent = Delivery.objects.filter(is_digest=True).order_by("-pk")
    assert (sent.items.count(), opened.gathered_at, opened.state) == (1, None, "pending")
    assert opened.available_at > timezone.now() + timedelta(hours=7)
    pass_time(9)
    send()
    assert (len(server.received), examine()) == (2, [])


def test_what_was_read_is_told_as_read(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice, times=2)
    first, _second = AppNotification.objects.order_by("pk")
    first.mark_as_read()
    pass_time()
    send()
    (digest,) = server.received
    assert "Already read" in digest.text()


def test_a_digest_of_which_everything_was_read_is_not_sent(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice, times=2)
    AppNotification.objects.all().mark_read()
    pass_time()
    send()
    assert server.received == []
    digest = Delivery.objects.get(is_digest=True)
    assert (digest.state, digest.last_error, examine()) == ("skipped", "skipped: already read", [])


def test_nor_is_an_empty_one(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice, about="kite:1")
    retract("kite:1")
    pass_time()
    send()
    assert server.received == []
    assert {each.state for each in Delivery.objects.filter(is_digest=False)} == {"cancelled"}
    assert Delivery.objects.get(is_digest=True).state == "skipped"


def test_what_is_not_to_be_told_any_more_is_left_out(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice, about="kite:1")
    tell(alice, about="kite:2")
    NotificationPreference.objects.create(person=alice, event_type="test.told", type="apps")
    pass_time()
    send()
    states = Delivery.objects.filter(is_digest=False).values_list("state", "last_error")
    assert set(states) == {("skipped", "skipped: choice for this event type")}
    assert server.received == []


def test_a_digest_that_cannot_be_sent_takes_along_what_it_holds(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice, times=2)
    Person.objects.filter(pk=alice.pk).update(email="")
    pass_time()
    send()
    assert set(Delivery.objects.values_list("state", "last_error")) == {("skipped", "skipped: no endpoint")}
    assert examine() == []


def test_what_a_digest_held_that_died_before_it_was_closed_is_not_lost(
    server: SmtpServer, alice: Person
) -> None:
    collect(alice)
    tell(alice)
    Delivery.objects.filter(is_digest=True).update(state="dead", finished_at=Now())
    clean_up()
    pass_time(2)
    send()
    assert len(server.received) == 1
    assert examine() == []


def test_a_digest_in_which_nothing_is_left_says_so(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice)
    NotificationPreference.objects.create(person=alice, event_type="test.told", type="none")
    pass_time()
    send()
    assert Delivery.objects.get(is_digest=True).last_error == "skipped: nothing left to tell"


def test_a_message_whose_notifier_was_renamed_does_not_hold_up_its_digest(
    server: SmtpServer, alice: Person
) -> None:
    collect(alice)
    tell(alice, times=2)
    renamed = Delivery.objects.filter(is_digest=False).first()
    assert renamed is not None
    Delivery.objects.filter(pk=renamed.pk).update(notifier="gone.Renamed")
    pass_time()
    send()
    assert server.received[0].text().count("Kite was told") == 2


def test_what_is_in_a_digest_is_kept_as_long_as_its_page(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice)
    pass_time()
    send()
    NotifiableEvent.objects.update(delete_at=Now())
    Delivery.objects.filter(is_digest=False).update(delete_at=Now())
    clean_up()
    assert (Delivery.objects.count(), NotifiableEvent.objects.count()) == (2, 1)
    Delivery.objects.update(delete_at=Now())
    clean_up()
    clean_up()
    assert (Delivery.objects.count(), NotifiableEvent.objects.count()) == (0, 0)


def test_who_is_told_in_a_callers_transaction_holds_up_nobody(server: SmtpServer, alice: Person) -> None:
    """The digest that comes along is closed from the start, and as good as an open one."""
    collect(alice)
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    tell(alice)
    notify(alice, "test.told", people=[])
    notify(alice, "test.told", people=[])
    digests = Delivery.objects.filter(is_digest=True)
    assert digests.filter(gathered_at=None).count() == 1
    assert digests.count() == 3
    pass_time()
    send()
    assert server.received[0].text().count("Kite was told") == 3
    assert len(server.received) == 1
    assert examine() == []


def test_what_a_dropped_digest_held_is_sent_again_as_a_digest(server: SmtpServer, alice: Person) -> None:
    collect(alice, "daily")
    tell(alice, times=3)
    Person.objects.filter(pk=alice.pk).update(email="")
    pass_time(30)
    send()
    Person.objects.filter(pk=alice.pk).update(email=alice.email)
    assert Delivery.objects.filter(state="skipped").requeue() == 4
    send()
    assert server.received == []
    assert {each.wait for each in Delivery.objects.filter(state="held")} == {"daily digest"}
    pass_time()
    send()
    assert [each.text().count("Kite was told") for each in server.received] == [3]
    assert examine() == []


def test_one_message_that_cannot_be_decided_again_does_not_hold_up_the_others(
    server: SmtpServer, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(alice)
    tell(alice, times=3)
    broken = Delivery.objects.filter(is_digest=False).values_list("pk", flat=True)[1]
    usual = Recheck.verdict

    def verdict(self: Recheck, delivery: Delivery) -> Verdict:
        if delivery.pk == broken:
            raise ZeroDivisionError
        return usual(self, delivery)

    monkeypatch.setattr(Recheck, "verdict", verdict)
    pass_time()
    send()
    assert [each.text().count("Kite was told") for each in server.received] == [3]


def test_a_digest_that_waited_for_long_is_not_dropped_where_mail_is_not_set_up(
    server: SmtpServer, alice: Person, settings: Settings
) -> None:
    collect(alice, "daily")
    tell(alice)
    Delivery.objects.update(created_at=Now() - timedelta(hours=30))
    settings.ENGAGEMENT_BASE_URL = ""
    pass_time(30)
    send()
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    pass_time()
    send()
    assert len(server.received) == 1


def test_what_came_a_moment_too_late_makes_no_digest_of_its_own(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice)
    pass_time()
    send()
    tell(alice)
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    send()
    assert len(server.received) == 1
    opened = Delivery.objects.get(is_digest=True, finished_at=None)
    assert (opened.state, opened.failed, opened.gathered_at) == ("retrying", 0, None)
    pass_time()
    send()
    assert (len(server.received), examine()) == (2, [])


def test_a_digest_that_failed_is_sent_again_as_it_was(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice)
    pass_time()
    server.at_data = "451 4.3.0 Full"
    send()
    tell(alice)
    server.at_data = ""
    opened = Delivery.objects.filter(is_digest=True, state="pending")
    Delivery.objects.exclude(pk__in=opened).filter(finished_at=None).update(available_at=Now())
    send()
    (received,) = server.received
    sent = Delivery.objects.get(is_digest=True, state="succeeded")
    assert (sent.message_id, sent.failed, sent.items.count()) == (received.message_id, 1, 1)
    assert Delivery.objects.filter(is_digest=True, gathered_at=None, state="pending").count() == 1
    assert examine() == []


def test_what_does_not_fit_is_on_a_page(server: SmtpServer, alice: Person, client: Client) -> None:
    collect(alice)
    tell(alice, times=SHOWN + 5)
    pass_time()
    send()
    (received,) = server.received
    digest = Delivery.objects.get(is_digest=True)
    address = f"/inbox/digest/{digest.pk}/"
    assert f"https://carillon.example{address}" in received.text()
    client.force_login(alice)
    page = client.get(address).content.decode()
    assert page.count('<li class="read">') == SHOWN + 5


def test_somebody_elses_digest_does_not_exist(alice: Person, bob: Person, client: Client) -> None:
    digest = Delivery.objects.create(person=alice, channel="email", is_digest=True, message_id="<1@host>")
    client.force_login(bob)
    for pk in (digest.pk, 0, 2**70):
        assert client.get(f"/inbox/digest/{pk}/").status_code == 404


def test_no_script_is_linked_from_the_page(alice: Person, client: Client) -> None:
    collect(alice)
    tell(alice)
    Delivery.objects.filter(is_digest=False).update(url=" javascript:alert(1)")
    digest = Delivery.objects.create(
        person=alice, channel="email", is_digest=True, message_id="<1@host>", gathered_at=Now()
    )
    Delivery.objects.filter(is_digest=False).update(digest=digest)
    client.force_login(alice)
    assert b"javascript" not in client.get(f"/inbox/digest/{digest.pk}/").content


# When it is due


@pytest.mark.parametrize(
    ("digest", "zone", "hour", "due"),
    [
        ("hourly", "UTC", None, datetime(2026, 3, 28, 13, 0, tzinfo=UTC)),
        ("hourly", "Asia/Kathmandu", None, datetime(2026, 3, 28, 13, 15, tzinfo=UTC)),
        ("daily", "UTC", None, datetime(2026, 3, 29, 8, 0, tzinfo=UTC)),
        ("daily", "UTC", 20, datetime(2026, 3, 28, 20, 0, tzinfo=UTC)),
        # The clocks are put forward in the night between.
        ("daily", "Europe/Berlin", None, datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        ("daily", "America/New_York", 0, datetime(2026, 3, 29, 4, 0, tzinfo=UTC)),
    ],
)
def test_a_digest_is_due_in_the_persons_time(
    server: SmtpServer, alice: Person, digest: str, zone: str, hour: int | None, due: datetime
) -> None:
    NotificationSettings.objects.create(person=alice, time_zone=zone, digest_hour=hour)
    collect(alice, digest)
    with freeze_time("2026-03-28 12:30:00"):
        tell(alice)
    assert {each.available_at for each in Delivery.objects.all()} == {due}


def test_in_quiet_hours_a_digest_waits_for_their_end(server: SmtpServer, alice: Person) -> None:
    collect(alice)
    tell(alice)
    now = timezone.now()
    around = [(now + timedelta(hours=hours)).time() for hours in (-1, 2)]
    NotificationSettings.objects.create(person=alice, quiet_from=around[0], quiet_until=around[1])
    pass_time()
    send()
    digest = Delivery.objects.get(is_digest=True)
    assert (server.received, digest.state, digest.gathered_at) == ([], "retrying", None)
    assert timedelta(hours=1) < digest.available_at - now < timedelta(hours=3)


def test_a_person_without_an_hour_has_that_of_the_installation(
    server: SmtpServer, alice: Person, settings: Settings
) -> None:
    settings.ENGAGEMENT_DIGEST_HOUR = 17
    collect(alice, "daily")
    tell(alice)
    assert Delivery.objects.filter(is_digest=True).get().available_at.time() == time(17)


def test_a_notifier_and_a_rule_may_say_so_for_those_who_have_not_chosen(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    NotificationRule.objects.create(category="test", digest="daily")
    collect(bob, "never")
    tell(alice, bob)
    assert Delivery.objects.get(person=bob).wait == ""
    assert set(Delivery.objects.filter(person=alice).values_list("wait", "is_digest")) == {
        ("daily digest", False),
        ("", True),
    }


# At the same time


@pytest.mark.django_db(transaction=True)
def test_callers_transactions_in_whatever_order_wait_for_nobody(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    """Two that tell the same people in opposite orders would each wait for the other's row."""
    for person in (alice, bob):
        collect(person)
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    both = threading.Barrier(2)

    def tell_them(first: Person, second: Person) -> None:
        with transaction.atomic():
            notify(first, "test.told", people=[])
            both.wait(10)
            notify(second, "test.told", people=[])

    with in_background(lambda: tell_them(alice, bob)), in_background(lambda: tell_them(bob, alice)):
        pass
    assert Delivery.objects.filter(state="held").count() == 4


@pytest.mark.django_db(transaction=True)
def test_what_arrives_while_a_digest_is_closed_is_in_this_one_or_the_next(
    server: SmtpServer, alice: Person
) -> None:
    """A batch that has held its message, and not committed, is waited for; one that comes later opens the next."""
    collect(alice)
    tell(alice)
    pass_time()
    with transaction.atomic():
        event_bus.publish(Told(people=[alice.pk]))
    with in_background(lambda: send()) as sending:
        with transaction.atomic():
            tell(alice)
            connection.cursor().execute("SELECT pg_sleep(0.3)")
        sending.join()
    held = Delivery.objects.filter(is_digest=False)
    assert held.count() == 3
    assert all(each.digest_id or each.state == "held" for each in held)
    assert examine() == []
    pass_time()
    send()
    assert Delivery.objects.filter(is_digest=False, digest=None).count() == 0
    assert sum(each.text().count("Kite was told") for each in server.received) == 3


@pytest.mark.django_db(transaction=True)
def test_batches_and_workers_at_the_same_time_lose_and_double_nothing(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    for person in (alice, bob):
        collect(person)
    deadline = threading.Event()

    def publish() -> None:
        for _ in range(30):
            event_bus.publish(Told(people=[alice.pk, bob.pk]))
            drain("events", seconds=UNTIL_DONE)

    def build() -> None:
        while not deadline.is_set():
            pass_time(2)
            send()

    with in_background(build), in_background(build):
        with in_background(publish) as first, in_background(publish) as second:
            first.join()
            second.join()
        deadline.set()
    pass_time(2)
    eventually(lambda: send() == 0, what="nothing is due any more")
    messages = Delivery.objects.filter(is_digest=False)
    assert messages.count() == 120
    assert messages.filter(state="succeeded", digest__isnull=False).count() == 120
    digests = {each.message_id: each for each in Delivery.objects.filter(is_digest=True, state="succeeded")}
    assert sorted(server.ids()) == sorted(digests)
    assert sum(each.items.count() for each in digests.values()) == 120
    assert examine() == []


class in_background:  # noqa: N801 - reads as a word
    """Run a function in a thread with a connection of its own; fail if it fails."""

    def __init__(self, function: Any) -> None:
        self._function, self._errors = function, list[BaseException]()

    def __enter__(self) -> threading.Thread:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self._thread

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        try:
            self._function()
        except BaseException as error:  # noqa: BLE001 - raised by the test
            self._errors.append(error)
        finally:
            connection.close()


@pytest.fixture(autouse=True)
def _no_limit(settings: Settings) -> None:
    """Let everybody have as many mails as they like."""
    settings.ENGAGEMENT_EMAILS_PER_HOUR = None
