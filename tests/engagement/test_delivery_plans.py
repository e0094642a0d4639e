"""The statements of messages on big tables: each finds its rows by an index. Asked of the statements that are run."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from capabilities.people.models import Person
from engagement import deliver_sql, digest, limit, outbox, pauses
from engagement.channels import channels
from engagement.channels.base import Sent
from engagement.decide import IMPLIED, Outcome, Reason, Status, Wait
from engagement.endpoints import last_deliveries
from engagement.models import Delivery, Endpoint, NotifiableEvent, NotificationRule
from engagement.notice import Notice, notice_of
from engagement.notifier import retract
from engagement.people_sql import groups_of_batch
from engagement.process_sql import Decided
from engagement.recheck import Recheck
from engagement.registry import notifiers
from engagement.write import Source
from events import bus
from events.forget import forgettable
from events.models import EventLog
from events.sql import execute, fetch
from events.watchdog import first_in_line
from events.work import seconds_until_due
from tests.engagement.explained import assert_by_index, plans
from tests.engagement.samples import planned, published
from tests.probe.events import Told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("big")]


@pytest.fixture(autouse=True)
def _set_up(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"


ROWS = 40_000
DELIVERY = "engagement_delivery"
BIG = [
    f"""
    INSERT INTO people_person
           (id, username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
    SELECT n, 'many' || n, '', false, '', '', 'many' || n || '@kiteworks.example', false, true, now()
      FROM generate_series(1, {ROWS}) n""",
    f"""
    INSERT INTO events_eventlog
           (id, event_id, type, version, payload, about, correlation_id, occurred_at, heard, has_secrets, delete_at)
    SELECT n, gen_random_uuid(), CASE WHEN n % 100 > 0 THEN 'test.told' ELSE 'test.whispered' END, 1, '{{}}',
           'kite:' || n, gen_random_uuid(), now(), true, n % 100 = 0, now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n""",
    f"""
    INSERT INTO engagement_notifiableevent
           (id, event_log_id, person_id, event_type, notifier, outcomes, created_at, delete_at)
    SELECT n, n, n, 'test.told', 'probe.ToldNotifier', '{{"app": "created: default", "email": "planned: default"}}',
           now(), now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n""",
    f"""
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, delete_at)
    SELECT n, n, 'test.told', 'test', '', '', '', '', '', now(), now() FROM generate_series(1, {ROWS}) n""",
    # One in a hundred is due, one in ten is held, one in a thousand is dead, all others are done.
    f"""
    INSERT INTO engagement_delivery
           (notifiable_id, event_id, person_id, channel, endpoint, message_id, notifier, event_type, category, about,
            state, wait, available_at, finished_at, sent_at, allowed_at, delete_at)
    SELECT n, n, n, 'email', '', '<' || n || '@host>', 'probe.ToldNotifier', 'test.told', 'test', 'kite:' || n,
           kind.state, CASE WHEN kind.state = 'held' THEN 'hourly digest' ELSE '' END, now() - interval '1 minute',
           CASE WHEN kind.state IN ('succeeded', 'dead') THEN now() END,
           CASE WHEN kind.state = 'succeeded' THEN now() END, CASE WHEN kind.state = 'succeeded' THEN now() END,
           now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n,
           LATERAL (SELECT CASE WHEN n % 100 = 1 THEN 'pending' WHEN n % 10 = 0 THEN 'held'
                                WHEN n % 1000 = 2 THEN 'dead' ELSE 'succeeded' END AS state) kind""",
    # Digests: of one in ten an open one, of two in ten one that was sent, whose items some of the others are.
    f"""
    INSERT INTO engagement_delivery
           (person_id, channel, endpoint, message_id, is_digest, state, available_at, gathered_at, finished_at, sent_at,
            delete_at)
    SELECT n, 'email', '', '<digest' || n || '@host>', TRUE,
           CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'succeeded' END, now(),
           CASE WHEN n % 10 <> 0 THEN now() END, CASE WHEN n % 10 <> 0 THEN now() END,
           CASE WHEN n % 10 <> 0 THEN now() END, now() + (n - {ROWS // 3}) * interval '1 minute'
      FROM generate_series(1, {ROWS}) n WHERE n % 10 IN (0, 3, 4)""",
    """
    UPDATE engagement_delivery item SET digest_id = digest.id FROM engagement_delivery digest
     WHERE digest.is_digest AND digest.state = 'succeeded' AND item.person_id = digest.person_id
       AND NOT item.is_digest AND item.state = 'succeeded'""",
    """
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, answer)
    SELECT id, now(), TRUE, '250 Ok' FROM engagement_delivery WHERE state = 'succeeded'""",
    """
    INSERT INTO engagement_notificationpreference (person_id, event_type, category, type, channels)
    SELECT id, '', 'test', 'both', '{}' FROM people_person""",
    """
    INSERT INTO engagement_notificationsettings (person_id, language, time_zone)
    SELECT id, '', '' FROM people_person""",
    """
    INSERT INTO engagement_mute (person_id, about, label, created_at)
    SELECT id, 'other:1', '', now() FROM people_person""",
    f"""
    INSERT INTO engagement_suppression (channel, endpoint, reason, created_at)
    SELECT 'email', 'gone' || n || '@kiteworks.example', '', now() FROM generate_series(1, {ROWS}) n""",
    f"""
    INSERT INTO engagement_retraction (about, last_event, delete_at)
    SELECT 'other:' || n, 0, now() FROM generate_series(1, {ROWS}) n""",
]
TABLES = [
    "people_person",
    "events_eventlog",
    "engagement_notifiableevent",
    "engagement_appnotification",
    DELIVERY,
    "engagement_deliveryattempt",
    "engagement_notificationpreference",
    "engagement_notificationsettings",
    "engagement_mute",
    "engagement_suppression",
    "engagement_retraction",
]


@pytest.fixture(scope="module")
def big(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Many people with a message each, and all that is asked of them when its turn has come."""
    with django_db_blocker.unblock():
        for statement in BIG:
            execute(statement.replace("%", "%%"))
        execute(f"ANALYZE {', '.join(TABLES)}")
        for table in ("people_person", "events_eventlog", "engagement_notifiableevent"):
            execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, ROWS])
        yield
        execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")


def assert_no_scan(plan: str, *but: str) -> None:
    """Assert that none of the big tables is read from end to end, but for these."""
    for table in {*TABLES} - {*but}:
        assert_by_index(plan, table)


def test_what_is_due_is_claimed_by_its_index() -> None:
    assert len(Delivery.claim(100)) == 100
    plan = plans(lambda: Delivery.claim(100))
    assert_no_scan(plan)
    assert "delivery_due" in plan


def test_what_is_due_of_one_event_is_claimed_by_the_event_however_much_else_is_due() -> None:
    plan = plans(lambda: Delivery.claim(100, "work.event_id = %s", [101]))
    assert "delivery_event" in plan, plan
    assert_no_scan(plan)


def test_what_the_dead_held_is_found_by_index() -> None:
    Delivery.claim(100)
    execute(
        "UPDATE engagement_delivery SET lease_until = now() - interval '1 second' WHERE state = 'running'"
    )
    assert_no_scan(plans(Delivery.expire))


def test_what_is_asked_of_messages_whose_turn_has_come_is_looked_up() -> None:
    claimed = Delivery.claim(100)
    plan = plans(lambda: Recheck(claimed))
    assert_no_scan(plan)
    for index in ("preference_once", "mute_once", "suppression_once", "engagement_delivery_pkey"):
        assert index in plan, plan


def test_how_many_mails_somebody_had_is_counted_by_index() -> None:
    claimed = Delivery.claim(100)
    recheck = Recheck(claimed)
    plan = plans(lambda: limit.too_many([(each, recheck.verdict(each)) for each in claimed]))
    assert "delivery_allowed" in plan, plan
    assert_no_scan(plan)


def test_what_is_too_much_is_held_by_its_key(settings: Settings) -> None:
    settings.ENGAGEMENT_EMAILS_PER_HOUR = 0
    claimed = Delivery.claim(100)
    recheck = Recheck(claimed)
    judged = [(each, recheck.verdict(each)) for each in claimed if not each.is_digest]
    assert judged
    plan = plans(lambda: limit.too_many(judged))
    assert Delivery.objects.filter(over_limit=True).count() == len(judged)
    assert_no_scan(plan)


def an_open_digest() -> Delivery:
    """Return one that is claimed."""
    found = Delivery.objects.filter(is_digest=True, state="pending").order_by("pk")[100]
    (claimed,) = Delivery.claim(1, "work.id = %s", [found.pk])
    return claimed


def test_a_digest_is_gathered_by_index() -> None:
    claimed = an_open_digest()
    verdict = Recheck([claimed]).verdict(claimed)
    plan = plans(lambda: digest.gather(claimed, verdict))
    assert Delivery.objects.filter(digest=claimed).count() == 1
    assert "delivery_held" in plan, plan
    assert_no_scan(plan)


def test_what_is_in_a_digest_is_found_by_index() -> None:
    found = Delivery.objects.filter(is_digest=True, state="succeeded").order_by("pk")[100]
    assert len(digest.checked(found)) == 1
    plan = plans(lambda: digest.entries_of(found))
    assert "delivery_digest" in plan, plan
    assert_no_scan(plan)


def test_what_is_retracted_is_called_off_by_index() -> None:
    plan = plans(lambda: retract("kite:101"))
    assert Delivery.objects.get(about="kite:101").state == "cancelled"
    assert "delivery_about" in plan, plan
    assert_no_scan(plan)


def test_what_came_of_a_message_is_recorded_by_its_key() -> None:
    sent, failed, skipped = Delivery.claim(3)
    for record in (
        lambda: deliver_sql.record_success(sent, Sent("250 Ok"), is_secret=False),
        lambda: deliver_sql.record_failure(failed, "450 Later"),
        lambda: deliver_sql.skip(skipped, "skipped: expired", is_secret=True),
    ):
        plan = plans(record)
        assert "engagement_delivery_pkey" in plan, plan
        assert_no_scan(plan)


def notice() -> Notice:
    """Return how an event is told."""
    return notice_of(notifiers["probe.ToldNotifier"], published(Told(people=[])))


@pytest.mark.parametrize("wait", [Wait.NOTHING, Wait.HOURLY])
def test_messages_are_written_by_the_keys_of_those_whom_they_concern(wait: Wait) -> None:
    people = list(range(1, 101))
    batch = planned(published(Told(people=people)), people)
    groups = groups_of_batch(batch, notice())
    email = Outcome(Status.PLANNED, Reason.DEFAULT, wait)
    media = [channel.medium() for channel in channels().values()]
    outcomes = [email if medium.name == "email" else IMPLIED for medium in media]
    decided = Decided(media, outcomes, [pk for group in groups for pk in group.pks])
    before = Delivery.objects.filter(is_digest=False).count()
    plan = plans(lambda: outbox.write(Source(notice(), groups), [decided], groups))
    assert Delivery.objects.filter(is_digest=False).count() == before + 100
    assert_no_scan(plan)


@pytest.mark.parametrize("model", [Delivery, NotifiableEvent, EventLog])
def test_what_has_expired_is_found_by_index(model: type[Delivery | NotifiableEvent | EventLog]) -> None:
    plan = plans(lambda: model.delete_expired(timezone.now(), 500))
    assert f"{model._meta.model_name}_delete_at" in plan, plan
    assert_no_scan(plan)
    long_ago = timezone.now() - timedelta(days=365)
    assert_no_scan(plans(lambda: model.delete_expired(long_ago, 500)))


def test_what_is_to_be_forgotten_asks_the_messages_by_index() -> None:
    plan = plans(lambda: list(forgettable(bus.EventTypes["test.whispered"])[:500]))
    assert "eventlog_secrets" in plan, plan
    assert "Index Cond: (event_id = events_eventlog.id)" in plan, plan
    assert_no_scan(plan)


def test_the_messages_of_a_person_and_of_an_event_are_found_by_index() -> None:
    assert_no_scan(plans(lambda: list(Delivery.objects.of(Person(pk=7)).order_by("-pk")[:50])))
    assert_no_scan(plans(lambda: list(Delivery.objects.filter(event=7))))
    assert_no_scan(plans(lambda: Person.objects.filter(pk=7).delete()), "people_person")


# Strands, and endpoints that are rows


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Delivery.claim_in("email", 10),
        lambda: Delivery.claim_in("sms", 10),
        lambda: Delivery.due_strands(),
        lambda: seconds_until_due("delivery"),
        lambda: first_in_line(["delivery"]),
    ],
    ids=["claim", "claim where there is nothing", "due strands", "how soon", "the watchdog"],
)
def test_the_work_of_a_channel_is_found_by_its_index_however_much_waits_on_another(
    ask: Callable[[], object],
) -> None:
    plan = plans(ask)
    assert "delivery_due" in plan, plan
    assert f"Seq Scan on {DELIVERY}" not in plan, plan


def test_what_waits_on_a_paused_channel_is_not_walked_over() -> None:
    pauses.pause("email", "Being changed.", by_hand=True)
    assert Delivery.due_strands() == []
    assert seconds_until_due("delivery") is None
    read = rows_read(lambda: (Delivery.due_strands(), first_in_line(["delivery"])))
    assert read < 50, f"{read} rows were read, though nothing may be claimed"


def rows_read(work: Callable[[], object]) -> int:
    """Run it, and return how many rows of Deliveries its statements have read by any index."""
    counted = (
        "SELECT coalesce(sum(pg_stat_get_xact_tuples_fetched(indexrelid)), 0)::bigint FROM pg_index"
        f" WHERE indrelid = '{DELIVERY}'::regclass"
    )
    ((before,),) = fetch(counted)
    work()
    ((after,),) = fetch(counted)
    return int(after - before)


def test_endpoints_are_asked_for_by_their_person_and_by_their_key() -> None:
    execute(
        "INSERT INTO engagement_endpoint (person_id, channel, value, secret, verified_at)"
        " SELECT id, 'webhook', 'https://host.example/' || id, '', now() FROM people_person"
    )
    execute("ANALYZE engagement_endpoint")
    NotificationRule.objects.create(category="test", channels=["webhook"])
    people = list(range(1, 101))
    batch = planned(published(Told(people=people)), people)
    notice_ = notice()
    groups = groups_of_batch(batch, notice_)
    outcome = Outcome(Status.PLANNED, Reason.CATEGORY_RULE)
    media = [channel.medium() for channel in channels().values()]
    outcomes = [outcome if medium.name == "webhook" else IMPLIED for medium in media]
    decided = Decided(media, outcomes, [pk for group in groups for pk in group.pks])
    plan = plans(lambda: outbox.write(Source(notice_, groups), [decided], groups))
    assert "Seq Scan on engagement_endpoint" not in plan, plan
    messages = list(Delivery.objects.filter(channel="webhook")[:100])
    assert {each.target_id is not None for each in messages} == {True}
    plan = plans(lambda: Recheck(messages))
    # One row of it is looked at, to see whether there are any.
    assert plan.count("Seq Scan on engagement_endpoint ") == 1, plan
    assert "Index Scan using endpoint_usable" in plan, plan
    assert "Index Scan using engagement_endpoint_pkey" in plan, plan
    (endpoint,) = Endpoint.objects.filter(person=7)
    assert_by_index(plans(lambda: last_deliveries(endpoint)), DELIVERY, "delivery_target")
