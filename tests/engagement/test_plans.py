"""The hot statements on big tables: each finds its rows by an index. Asked of the statements that are really run."""

from datetime import timedelta

import pytest
from django.utils import timezone

from capabilities.people.models import Person
from engagement import activity, inbox, mutes, people_sql, preferences
from engagement.activity import Cursor
from engagement.fanout import fan_out
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch
from engagement.notice import Notice, notice_of
from engagement.notifier import notify
from engagement.registry import notifiers
from engagement.services import NotificationService
from events.sql import execute, fetch
from tests.engagement.explained import assert_by_index, plans
from tests.engagement.samples import published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

ROWS = 50_000

#: A third has expired; each person has 50, of which 5 are unread.
APP_NOTIFICATIONS = f"""
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, read_at,
            delete_at)
    SELECT n, 1 + n %% 1000, 'test.told', 'test', 'Number ' || n, '', '', '', '', now(),
           CASE WHEN n %% 10 > 0 THEN now() END, now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n"""
NOTIFIABLE_EVENTS = f"""
    INSERT INTO engagement_notifiableevent
           (event_log_id, person_id, event_type, notifier, outcomes, created_at, delete_at)
    SELECT 1 + n / 1000, n, 'test.told', 'probe.ToldNotifier',
           CASE WHEN n %% 10 > 0 THEN '{{"app": "created: default"}}'::jsonb END,
           now(), now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n"""
BATCHES = f"""
    INSERT INTO engagement_notificationbatch
           (event_id, notifier, first_id, last_id, recipients, state, finished_at, created_at, delete_at)
    SELECT n, 'probe.ToldNotifier', n, n, 1, CASE WHEN n %% 100 > 0 THEN 'succeeded' ELSE 'pending' END,
           CASE WHEN n %% 100 > 0 THEN now() END, now(), now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n"""
PEOPLE = f"""
    INSERT INTO people_person
           (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
    SELECT 'many' || n, '', false, '', '', '', false, true, now() FROM generate_series(1, {ROWS}) n"""


def fill(*statements: str) -> None:
    """Make tables big, and let the planner know."""
    for statement in statements:
        execute(statement)
    for model in (AppNotification, NotifiableEvent, NotificationBatch, Person):
        execute(f"ANALYZE {model._meta.db_table}")


def middle() -> int:
    """Return the id in the middle of the notifications."""
    return AppNotification.objects.order_by("-id")[ROWS // 2].pk


def somebody() -> Person:
    """Return a person who has 50 notifications."""
    return Person(pk=7)


def test_the_inbox_of_one_among_many_is_found_by_index() -> None:
    fill(APP_NOTIFICATIONS)
    table, person = "engagement_appnotification", somebody()
    assert len(inbox.page(person).notifications) == 50
    assert_by_index(plans(lambda: inbox.page(person)), table, "appnotification_inbox")
    assert_by_index(plans(lambda: inbox.page(person, before=middle())), table, "appnotification_inbox")
    assert_by_index(
        plans(lambda: inbox.page(person, inbox.Filter(inbox.Show.UNREAD))), table, "appnotification_unread"
    )
    assert_by_index(plans(lambda: inbox.badge(person)), table, "appnotification_unread")
    assert_by_index(plans(lambda: inbox.find(person, middle())), table)
    unread = NotificationService.get_unread_notifications(person)
    assert_by_index(plans(lambda: list(unread[:50])), table, "appnotification_unread")


def test_marking_all_as_read_finds_the_unread_by_index() -> None:
    fill(APP_NOTIFICATIONS)
    table, person = "engagement_appnotification", somebody()
    assert_by_index(
        plans(lambda: inbox.mark_all_read(person, up_to=middle())), table, "appnotification_unread"
    )
    assert_by_index(plans(lambda: inbox.mark_all_read(person)), table, "appnotification_unread")


#: Nearly all are of one person, who has read all but the newest.
OF_ONE_PERSON = APP_NOTIFICATIONS.replace("1 + n %% 1000", "CASE WHEN n %% 10 > 0 THEN 7 ELSE n END").replace(
    "CASE WHEN n %% 10 > 0 THEN now() END", f"CASE WHEN n < {ROWS} * 0.9 THEN now() END"
)


def test_the_inbox_of_somebody_with_nearly_everything_is_found_by_index() -> None:
    fill(OF_ONE_PERSON)
    table, person = "engagement_appnotification", somebody()
    assert_by_index(plans(lambda: inbox.page(person)), table)
    assert_by_index(plans(lambda: inbox.page(person, before=middle())), table)
    assert_by_index(plans(lambda: inbox.page(person, inbox.Filter(inbox.Show.UNREAD))), table)


def test_the_badge_of_somebody_with_nearly_everything_is_counted_by_index() -> None:
    fill(OF_ONE_PERSON)
    assert inbox.badge(somebody()) == "99+"
    plan = plans(lambda: inbox.badge(somebody()))
    assert_by_index(plan, "engagement_appnotification", "appnotification_unread")


def test_expired_notifications_are_found_by_index() -> None:
    fill(APP_NOTIFICATIONS)
    plan = plans(lambda: AppNotification.delete_expired(timezone.now(), 5_000))
    assert_by_index(plan, "engagement_appnotification", "appnotification_delete_at")
    assert AppNotification.objects.count() == ROWS - 5_000


def test_expired_notifiable_events_are_found_by_index() -> None:
    fill(NOTIFIABLE_EVENTS, BATCHES)
    plan = plans(lambda: NotifiableEvent.delete_expired(timezone.now(), 5_000))
    assert_by_index(plan, "engagement_notifiableevent", "notifiableevent_delete_at")
    assert_by_index(plan, "engagement_notificationbatch")


def test_expired_batches_are_found_by_index() -> None:
    fill(BATCHES)
    plan = plans(lambda: NotificationBatch.delete_expired(timezone.now(), 5_000))
    assert_by_index(plan, "engagement_notificationbatch", "notificationbatch_delete_at")


def test_clean_up_of_what_is_not_expired_is_found_by_index() -> None:
    fill(APP_NOTIFICATIONS, NOTIFIABLE_EVENTS, BATCHES)
    long_ago = timezone.now() - timedelta(days=365)
    assert_by_index(
        plans(lambda: AppNotification.delete_expired(long_ago, 5_000)), "engagement_appnotification"
    )
    assert_by_index(
        plans(lambda: NotifiableEvent.delete_expired(long_ago, 5_000)), "engagement_notifiableevent"
    )
    assert_by_index(
        plans(lambda: NotificationBatch.delete_expired(long_ago, 5_000)), "engagement_notificationbatch"
    )


def test_the_rows_of_a_batch_are_found_by_index() -> None:
    fill(PEOPLE, NOTIFIABLE_EVENTS)
    first = fetch("SELECT min(id) FROM engagement_notifiableevent")[0][0]
    batch = NotificationBatch(event_id=20, first_id=first + 19_000, last_id=first + 19_999)
    plan = plans(lambda: people_sql.groups_of_batch(batch, notice()))
    assert_by_index(plan, "engagement_notifiableevent", "notifiableevent_pkey")


def test_one_notifiable_event_is_found_by_index() -> None:
    fill(PEOPLE, NOTIFIABLE_EVENTS)
    one = NotifiableEvent.objects.latest("pk")
    plan = plans(lambda: people_sql.group_of_one(one, notice()))
    assert_by_index(plan, "engagement_notifiableevent")
    assert_by_index(plan, "people_person")


def test_what_notify_gives_back_is_found_by_index() -> None:
    fill(PEOPLE, NOTIFIABLE_EVENTS, APP_NOTIFICATIONS)
    plan = plans(lambda: notify(7, "test.told", people=[]))
    for table in ("engagement_notifiableevent", "engagement_appnotification", "engagement_notificationbatch"):
        assert_by_index(plan, table)
    assert "Index Scan Backward using engagement_appnotification_pkey" not in plan


def notice() -> Notice:
    """Return how an event is told."""
    return notice_of(notifiers["probe.ToldNotifier"], published(Told(people=[])))


@pytest.mark.parametrize("statistics", ["fresh", "of an empty table"])
def test_choices_are_looked_up_by_person_whatever_the_statistics_say(statistics: str) -> None:
    fill(PEOPLE, NOTIFIABLE_EVENTS)
    execute("TRUNCATE engagement_notificationpreference")
    execute("ANALYZE engagement_notificationpreference")
    execute(
        "INSERT INTO engagement_notificationpreference (person_id, event_type, category, type, channels)"
        " SELECT id, '', 'test', 'both', '{}' FROM people_person"
    )
    if statistics == "fresh":
        execute("ANALYZE engagement_notificationpreference")
    first = fetch("SELECT min(id) FROM engagement_notifiableevent")[0][0]
    batch = NotificationBatch(event_id=20, first_id=first + 19_000, last_id=first + 19_999)
    plan = plans(lambda: people_sql.groups_of_batch(batch, notice()))
    assert "(person_id = engagement_notifiableevent.person_id) AND ((event_type)" in plan


def test_a_small_batch_among_many_is_worked_off_by_index() -> None:
    fill(PEOPLE, NOTIFIABLE_EVENTS, APP_NOTIFICATIONS, BATCHES)
    people = list(Person.objects.values_list("pk", flat=True)[:3])
    event = published(Told(people=people))
    plan = plans(lambda: fan_out(event))
    assert_by_index(plan, "engagement_notifiableevent")
    assert_by_index(plan, "engagement_notificationbatch")
    assert_by_index(plan, "engagement_appnotification")
    assert_by_index(plan, "people_person")


def test_what_concerned_a_person_is_found_by_index() -> None:
    fill(NOTIFIABLE_EVENTS)
    plan = plans(lambda: list(NotifiableEvent.objects.filter(person_id=7)))
    assert_by_index(plan, "engagement_notifiableevent", "notifiableevent_once")


#: Every event concerns one person in two; a tenth was made by hand. The log has them all.
CONCERNED = NOTIFIABLE_EVENTS.replace(
    "SELECT 1 + n / 1000, n,", "SELECT CASE WHEN n %% 10 > 0 THEN n END, 1 + n %% 1000,"
)
LOG = f"""
    INSERT INTO events_eventlog
           (id, event_id, type, version, payload, about, correlation_id, occurred_at, heard, delete_at)
    SELECT n, gen_random_uuid(), 'test.told', 1, '{{}}', 'kite:' || n, gen_random_uuid(), now(), true, now()
      FROM generate_series(1, {ROWS}) n"""
#: Nearly everything concerned one person, and was made by hand at that.
CONCERNED_ONE = CONCERNED.replace("1 + n %% 1000", "CASE WHEN n %% 10 > 0 THEN 7 ELSE n END").replace(
    "CASE WHEN n %% 10 > 0 THEN n END", "CASE WHEN n %% 10 > 5 THEN n END"
)


@pytest.mark.parametrize("concerned", [CONCERNED, CONCERNED_ONE], ids=["many", "one"])
@pytest.mark.parametrize("before", [None, ROWS // 2], ids=["newest", "older"])
def test_the_activity_of_one_among_many_is_found_by_index(concerned: str, before: int | None) -> None:
    fill(LOG, concerned, APP_NOTIFICATIONS)
    execute("ANALYZE events_eventlog")
    last = NotifiableEvent.objects.latest("pk").pk
    cursor = Cursor(before, last - ROWS // 2 if before else None)
    assert len(activity.page(somebody(), cursor).entries) >= 20
    plan = plans(lambda: activity.page(somebody(), cursor))
    assert_by_index(plan, "engagement_notifiableevent", "notifiableevent_once")
    assert_by_index(plan, "engagement_appnotification")
    assert_by_index(plan, "events_eventlog")
    assert "notifiableevent_pkey" not in plan, plan


def test_one_that_concerned_a_person_is_found_by_index() -> None:
    fill(LOG, CONCERNED, APP_NOTIFICATIONS)
    one = NotifiableEvent.objects.latest("pk").pk
    assert_by_index(plans(lambda: activity.find(somebody(), one)), "engagement_notifiableevent")


def test_the_choices_and_mutes_of_one_among_many_are_found_by_index() -> None:
    fill(PEOPLE)
    person = Person.objects.latest("pk")
    execute(
        "INSERT INTO engagement_notificationpreference (person_id, event_type, category, type, channels)"
        " SELECT id, '', 'test', 'both', '{}' FROM people_person"
    )
    execute(
        "INSERT INTO engagement_mute (person_id, about, label, created_at)"
        " SELECT id, 'kite:1', '', now() FROM people_person"
    )
    execute("ANALYZE engagement_notificationpreference, engagement_mute")
    plan = plans(lambda: preferences.sections(person))
    assert_by_index(plan, "engagement_notificationpreference", "preference_once")
    plan = plans(lambda: (mutes.mutes_of(person), mutes.muted_among(person, ["kite:1"])))
    assert_by_index(plan, "engagement_mute", "mute_once")
