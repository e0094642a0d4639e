"""What is to leave the house is written when the batch is, with its text, its moment and its priority."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from freezegun import freeze_time

from capabilities.people.models import Person
from engagement.decide import Digest, Policy, Wait
from engagement.fanout import fan_out
from engagement.models import (
    AppNotification,
    Delivery,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
    NotificationRule,
    NotificationSettings,
)
from engagement.notice import Notice
from engagement.notifier import Notifier, notify, notify_bulk
from engagement.outbox import due_at
from engagement.people_sql import Habits
from engagement.registry import NotifierRegistry
from events.bus import Priority, event_bus
from events.drain import drain
from events.handle import attempt
from tests.conftest import make_people
from tests.engagement.samples import planned, published
from tests.probe.events import Hurried, Told, ToldPersonally
from tests.smtp import SmtpServer

WriteWording = Callable[[str, str], Path]

#: A Saturday; the clocks are put forward in Berlin in the night after it.
NOON = datetime(2026, 3, 28, 11, 20, tzinfo=UTC)


def a_notice(delay: timedelta = timedelta(0)) -> Notice:
    """Return a notice whose mails wait for so long to be read."""
    policy = Policy(email_delay=delay)
    return Notice("test.told", 1, "", "test.told", "test", policy, "", "", "", "", None, {})


@pytest.mark.parametrize(
    ("wait", "habits", "due"),
    [
        (Wait.NOTHING, {}, None),
        (Wait.TO_BE_READ, {}, NOON + timedelta(minutes=10)),
        (Wait.HOURLY, {}, datetime(2026, 3, 28, 12, 0, tzinfo=UTC)),
        (Wait.HOURLY, {"time_zone": "Asia/Kathmandu"}, datetime(2026, 3, 28, 12, 15, tzinfo=UTC)),
        (Wait.DAILY, {}, datetime(2026, 3, 29, 8, 0, tzinfo=UTC)),
        (Wait.DAILY, {"digest_hour": 0}, datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
        (Wait.DAILY, {"digest_hour": 12}, datetime(2026, 3, 28, 12, 0, tzinfo=UTC)),
        (Wait.DAILY, {"time_zone": "Europe/Berlin"}, datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        (Wait.QUIET_HOURS, {"quiet_until": time(14, 30)}, datetime(2026, 3, 28, 14, 30, tzinfo=UTC)),
        (
            Wait.QUIET_HOURS,
            {"quiet_until": time(7), "time_zone": "Europe/Berlin"},
            datetime(2026, 3, 29, 5, 0, tzinfo=UTC),
        ),
        # The quiet hours were taken back meanwhile.
        (Wait.QUIET_HOURS, {}, None),
    ],
)
def test_each_wait_ends_in_the_persons_time(wait: Wait, habits: dict[str, Any], due: datetime | None) -> None:
    notice = a_notice(timedelta(minutes=10))
    assert due_at(wait, notice, Habits("en", **habits), NOON) == due


def test_quiet_hours_end_for_the_second_time_where_the_clock_is_put_back_in_between() -> None:
    """From 22 to 2:30 in Berlin: at 2:45, for the second time, they are over; at 2:15, again, they are not."""
    habits = Habits("en", "Europe/Berlin", time(2, 30))
    for now, due in (("00:15", "00:30"), ("01:15", "01:30")):
        moment = datetime.fromisoformat(f"2026-10-25T{now}+00:00")
        assert due_at(Wait.QUIET_HOURS, a_notice(), habits, moment) == datetime.fromisoformat(
            f"2026-10-25T{due}+00:00"
        )


# With a database


def tell(*people: Person, **options: Any) -> None:
    """Publish something that concerns these people, and write their Deliveries."""
    event_bus.publish(Told(people=[each.pk for each in people]), **options)
    drain("events", seconds=float("inf"))


@pytest.mark.django_db
def test_a_row_has_all_that_is_needed_to_send_it(server: SmtpServer, alice: Person) -> None:
    with freeze_time("2026-03-28 11:20"):
        tell(alice, about="kite:1")
        now = timezone.now()
    row, shown, concerned = (
        Delivery.objects.get(),
        AppNotification.objects.get(),
        NotifiableEvent.objects.get(),
    )
    assert (row.notifiable_id, row.person_id, row.event_id) == (
        concerned.pk,
        alice.pk,
        concerned.event_log_id,
    )
    assert (row.event_type, row.category, row.notifier) == ("test.told", "test", "probe.ToldNotifier")
    assert (row.title, row.message, row.url) == (shown.title, shown.message, "/products/1/")
    assert (row.about, row.group, row.importance, row.reason) == ("kite:1", "kite:1", "usual", shown.reason)
    assert (row.state, row.wait, row.language, row.is_fallback) == ("pending", "", "en", False)
    assert (row.created_at, row.delete_at) == (now, shown.delete_at)
    assert row.message_id.endswith("@carillon.example>")


@pytest.mark.django_db
def test_nobody_is_written_to_twice_about_an_event(server: SmtpServer, alice: Person) -> None:
    tell(alice)
    first = Delivery.objects.get()
    NotifiableEvent.objects.update(outcomes=None)
    NotificationBatch.objects.update(state="pending", finished_at=None)
    drain("events", seconds=float("inf"))
    assert Delivery.objects.get().message_id == first.message_id


@pytest.mark.django_db
@pytest.mark.parametrize("digest", [Digest.HOURLY, Digest.DAILY])
def test_what_is_held_opens_one_digest_for_each_person(
    server: SmtpServer, alice: Person, bob: Person, digest: Digest
) -> None:
    NotificationRule.objects.create(category="test", digest=digest)
    for _ in range(2):
        tell(alice, bob)
    assert Delivery.objects.filter(state="held", wait=f"{digest} digest").count() == 4
    opened = Delivery.objects.filter(is_digest=True)
    assert {each.person for each in opened} == {alice, bob}
    held = Delivery.objects.filter(state="held").order_by("available_at").first()
    assert held is not None
    assert {each.available_at for each in opened} == {held.available_at}


@pytest.mark.django_db
def test_a_digest_is_kept_longer_than_what_is_in_it(server: SmtpServer, alice: Person) -> None:
    NotificationRule.objects.create(category="test", digest="daily")
    tell(alice)
    digest, item = Delivery.objects.get(is_digest=True), Delivery.objects.get(is_digest=False)
    assert digest.delete_at > item.delete_at


# Priority


@pytest.mark.django_db
def test_what_is_urgent_is_urgent_to_the_end(
    server: SmtpServer, alice: Person, own_notifiers: NotifierRegistry
) -> None:
    class HurriedNotifier(Notifier[Hurried]):
        event = Hurried
        example = Hurried()

        def audience(self, event: Hurried) -> list[Person]:
            return [alice]

    fan_out(published(Hurried()))
    assert Delivery.objects.get().priority == Priority.URGENT


@pytest.mark.django_db
def test_what_is_told_to_many_lets_everything_else_pass(server: SmtpServer, alice: Person) -> None:
    people = [alice.pk, *make_people(1_000)]
    Person.objects.filter(email="").update(email="somebody@kiteworks.example")
    event_bus.publish(Told(people=people))
    drain("events", seconds=float("inf"))
    assert set(Delivery.objects.values_list("priority", flat=True)) == {Priority.BULK}
    tell(alice)
    assert [each.priority for each in Delivery.claim(1)] == [Priority.USUAL]


@pytest.mark.django_db
def test_so_does_what_many_are_told_at_once(server: SmtpServer) -> None:
    people = make_people(1_001)
    Person.objects.filter(email="").update(email="somebody@kiteworks.example")
    NotificationRule.objects.create(category="test", channels=["email"])
    notify_bulk(people, "test.told", async_send=False, people=[])
    assert set(Delivery.objects.values_list("priority", flat=True)) == {Priority.BULK}


# Words


@pytest.mark.django_db
def test_each_person_is_written_to_in_their_language(
    server: SmtpServer, alice: Person, bob: Person, write_wording: WriteWording
) -> None:
    write_wording(
        "test.told",
        '[en.app]\ntitle = "{{ name }} was told"\n[en.email]\ntitle = "Mail: {{ name }}"\nmessage = "Dear reader"\n'
        '[de.app]\ntitle = "{{ name }} wurde gesagt"\n[de.email]\ntitle = "Post: {{ name }}"\nmessage = "Guten Tag"\n',
    )
    NotificationSettings.objects.create(person=bob, language="de")
    tell(alice, bob)
    english, german = (Delivery.objects.get(person=person) for person in (alice, bob))
    assert (english.language, english.title, english.message) == ("en", "Mail: Kite", "Dear reader")
    assert (german.language, german.title, german.message) == ("de", "Post: Kite", "Guten Tag")
    assert AppNotification.objects.get(person=bob).title == "Kite wurde gesagt"
    drain("delivery", seconds=float("inf"))
    (received,) = server.to(bob.email)
    assert received.message["Subject"] == "Post: Kite"
    assert received.message["Content-Language"] in {"de", None}
    assert "Guten Tag" in received.text()
    assert "Guten Tag" in received.text("html")
    assert 'lang="de"' in received.text("html")


@pytest.mark.django_db
def test_without_words_of_its_own_a_mail_has_those_of_the_inbox(
    server: SmtpServer, alice: Person, write_wording: WriteWording
) -> None:
    write_wording("test.told", '[en.app]\ntitle = "{{ name }} in the inbox"\nmessage = "So it is."\n')
    tell(alice)
    row = Delivery.objects.get()
    assert (row.title, row.message, row.is_fallback) == ("Kite in the inbox", "So it is.", False)


@pytest.mark.django_db
def test_without_any_words_it_says_what_kind_of_thing_happened(
    server: SmtpServer, alice: Person, write_wording: WriteWording
) -> None:
    tell(alice)
    row = Delivery.objects.get()
    assert (row.title, row.message, row.is_fallback) == ("Told", "", True)


@pytest.mark.django_db
def test_who_is_named_in_the_words_has_a_row_of_their_own(
    server: SmtpServer, alice: Person, bob: Person
) -> None:
    event_bus.publish(ToldPersonally(people=[alice.pk, bob.pk]))
    drain("events", seconds=float("inf"))
    titles = {each.person: each.title for each in Delivery.objects.select_related("person")}
    assert titles == {alice: "Alice Arden, Kite was told", bob: "Bob Byrne, Kite was told"}


@pytest.mark.django_db
def test_a_code_is_in_the_mail_that_waits_and_nowhere_else(
    server: SmtpServer, alice: Person, write_wording: WriteWording, django_capture_on_commit_callbacks: Any
) -> None:
    write_wording(
        "test.whispered", '[en.app]\ntitle = "A code"\n[en.email]\ntitle = "Your code is {{ code }}"\n'
    )
    NotificationRule.objects.create(category="test", channels=["app", "email"])
    notify(alice, "test.whispered", code="7391-4620")
    row = Delivery.objects.get()
    assert row.title == "Your code is 7391-4620"
    assert row.masked(row.title) == "***"
    assert AppNotification.objects.get().title == "A code"


# How many statements


@pytest.mark.django_db
def test_a_thousand_people_with_mails_take_ten_statements_and_one_for_each_combination(
    server: SmtpServer,
) -> None:
    people = make_people(1_000)
    Person.objects.filter(email="").update(email="somebody@kiteworks.example")
    for number, pk in enumerate(people):
        if number % 4 == 0:
            NotificationPreference.objects.create(
                person_id=pk, category="test", digest=["hourly", "daily"][number % 8 // 4]
            )
    NotificationSettings.objects.bulk_create(
        NotificationSettings(
            person_id=pk, language=["en", "de"][number % 2], quiet_from=time(0), quiet_until=time(23)
        )
        for number, pk in enumerate(people)
        if number % 3
    )
    planned(published(ToldPersonally(people=people), about="kite:1"), people, "probe.ToldPersonallyNotifier")
    with CaptureQueriesContext(connection) as captured:
        (claimed,) = NotificationBatch.claim(1)
        attempt(claimed)
    statements = [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]
    updates = [each for each in statements if "UPDATE engagement_notifiableevent" in each]
    assert len(statements) - len(updates) <= 10, "\n".join(each[:200] for each in statements)
    assert Delivery.objects.filter(is_digest=False).count() == 1_000
    assert Delivery.objects.filter(is_digest=True).count() == 250
