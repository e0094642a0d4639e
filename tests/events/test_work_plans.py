"""Every hot statement of the bus uses its index on a big table."""

import uuid
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker

from events import work_sql
from events.admin import EventLogAdmin, HandlerRunAdmin
from events.bus import EventTypes
from events.claim import claim_statement
from events.forget import forgettable
from events.listing import COUNT_LIMIT
from events.models import DELETE_EVENTS, DELETE_RUNS, EventLog, HandlerRun
from events.priority import Priority
from events.retention import expired_sql
from events.sql import execute
from events.work import due_sql
from tests.events.big import analyze, fill, plan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("big")]

BIG = 50_000


@pytest.fixture(scope="module")
def big(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Fifty thousand events whose runs are done, a hundred that are due, one that runs; a thousand have expired."""
    with django_db_blocker.unblock():
        fill(BIG, expired=1_000)
        execute(
            "UPDATE events_handlerrun SET state = 'pending', finished_at = NULL"
            " WHERE id IN (SELECT id FROM events_handlerrun ORDER BY id LIMIT 100)"
        )
        execute(
            "UPDATE events_handlerrun SET state = 'running', finished_at = NULL, lease_token = gen_random_uuid(),"
            " lease_until = now() WHERE id = (SELECT max(id) FROM events_handlerrun)"
        )
        analyze("events_handlerrun")
        yield
        execute("TRUNCATE events_handlerrun, events_eventlog")


def no_scan(text: str, table: str = "events_handlerrun") -> bool:
    """Tell whether a plan reads none of the table from end to end."""
    return f"Seq Scan on {table}" not in text


def test_a_claim_scans_the_due_index_once_for_each_priority() -> None:
    text = plan(
        claim_statement(HandlerRun, HandlerRun.gate, "event", lazily=True),
        [uuid.uuid4(), 90, list(Priority.values), 100, 100],
    )
    assert "Index Scan using handlerrun_due" in text
    assert "priority = level.priority" in text
    assert "handlerrun_order" in text
    assert no_scan(text)


def test_expired_leases_are_found_by_their_index() -> None:
    text = plan(work_sql.expire("events_handlerrun"), [3, 3, 5, 3])
    assert "handlerrun_leased" in text
    assert no_scan(text)


def test_the_next_due_time_is_read_off_the_indexes() -> None:
    text = plan(f"SELECT {due_sql(['events'])}")
    assert "handlerrun_due" in text
    assert "handlerrun_leased" in text
    assert no_scan(text)


@pytest.mark.parametrize(
    "statement",
    [
        work_sql.first_in_line(HandlerRun.source()),
        work_sql.has_live_lease("events_handlerrun"),
        work_sql.release("events_handlerrun").replace("%s", "gen_random_uuid()"),
    ],
    ids=["first in line", "live lease", "release"],
)
def test_the_small_statements_use_indexes(statement: str) -> None:
    assert no_scan(plan(statement))


def test_a_completion_reads_its_row_by_the_primary_key() -> None:
    text = plan(work_sql.complete("events_handlerrun"), [1, uuid.uuid4(), "90s"])
    assert "Index Cond: (id = 1)" in text


@pytest.mark.parametrize("status", ["unheard", "dead", "running", "retrying", "pending", "done"])
def test_a_page_of_each_status_reads_the_log_by_index(
    status: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page = getattr(EventLog.objects, status)().order_by("-id")[:100]
    with django_assert_num_queries(1):
        list(page)
    assert no_scan(page.explain(), "events_eventlog")


@pytest.mark.parametrize("status", ["dead", "running", "retrying", "pending"])
def test_the_rare_statuses_are_found_by_the_partial_indexes(status: str) -> None:
    assert no_scan(getattr(EventLog.objects, status)().explain())


def test_the_clean_up_finds_what_has_expired_by_index() -> None:
    expired, values = expired_sql(EventLog, timezone.now(), 500)
    text = plan(DELETE_RUNS.format(expired=expired), values)
    assert "Delete on events_handlerrun" in text
    assert "Index Scan using eventlog_delete_at" in text
    assert "handlerrun_due" in text
    assert "handlerrun_dead" in text
    assert no_scan(text)
    assert no_scan(text, "events_eventlog")


@pytest.mark.parametrize("term", ["kite:1", "import-7", "17", "226ca0f2-62f7-4eb8-b45f-c949c9553a0e"])
def test_a_search_of_the_log_looks_the_term_up(term: str, rf: RequestFactory) -> None:
    shown = EventLogAdmin(EventLog, admin.site)
    found, _ = shown.get_search_results(rf.get("/"), EventLog.objects.order_by("-id"), term)
    for each in (found[:100], found.order_by()[:COUNT_LIMIT]):
        text = each.explain()
        assert "eventlog_about" in text
        assert "eventlog_key" in text
        assert ("eventlog_correlation" in text) == ("-" in term and len(term) == 36)
        assert no_scan(text, "events_eventlog")


@pytest.mark.parametrize("term", ["probe.ping", "17"])
def test_a_search_of_the_runs_looks_the_term_up(term: str, rf: RequestFactory) -> None:
    shown = HandlerRunAdmin(HandlerRun, admin.site)
    found, _ = shown.get_search_results(rf.get("/"), HandlerRun.objects.order_by("-id"), term)
    for each in (found[:100], found.order_by()[:COUNT_LIMIT]):
        assert no_scan(each.explain())


def test_what_is_to_be_forgotten_is_found_by_its_index() -> None:
    execute(
        "UPDATE events_eventlog SET type = 'test.whispered', has_secrets = id %% 100 = 0 WHERE id %% 2 = %s",
        [0],
    )
    analyze("events_eventlog")
    text = forgettable(EventTypes["test.whispered"])[:500].explain()
    assert "eventlog_secrets" in text
    assert no_scan(text)
    assert no_scan(text, "events_eventlog")


def test_the_clean_up_deletes_events_by_their_keys() -> None:
    ids = list(EventLog.objects.order_by("delete_at").values_list("pk", flat=True)[:500])
    text = plan(DELETE_EVENTS, [ids, ids])
    assert "Delete on events_eventlog" in text
    assert "handlerrun_once" in text
    assert no_scan(text)
    assert no_scan(text, "events_eventlog")
