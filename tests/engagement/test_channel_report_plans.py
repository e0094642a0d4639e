"""How the channels are doing is asked of big tables by index."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from engagement.channel_report import reports
from engagement.models import Endpoint
from events.sql import execute
from tests.engagement.explained import assert_by_index, plans
from tests.engagement.pigeon import Pigeons

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("big", "pigeons")]

ROWS = 60_000
#: One in a hundred is due, as many are put off, one in a thousand is dead. All were tried within two days.
BIG = [
    f"""
    INSERT INTO engagement_delivery
           (notifiable_id, person_id, channel, endpoint, message_id, state, priority, available_at, finished_at,
            sent_at, delete_at)
    SELECT n, n, CASE WHEN n % 3 = 0 THEN 'pigeon' ELSE 'email' END, '', 'reported' || n, kind.state, 5,
           now() + CASE WHEN n % 100 = 1 THEN interval '-1 minute' ELSE interval '1 hour' END,
           CASE WHEN kind.state IN ('succeeded', 'dead') THEN now() END,
           CASE WHEN kind.state = 'succeeded' THEN now() END, now() + interval '1 day'
      FROM generate_series(1, {ROWS}) n,
           LATERAL (SELECT CASE WHEN n % 100 = 1 THEN 'pending' WHEN n % 100 = 2 THEN 'retrying'
                                WHEN n % 1000 = 3 THEN 'dead' ELSE 'succeeded' END AS state) kind""",
    f"""
    INSERT INTO engagement_deliveryattempt (delivery_id, at, succeeded, code, answer)
    SELECT id, now() - (2 * row_number() OVER () / {ROWS}.0) * interval '1 day', id % 20 > 0,
           CASE WHEN id % 20 > 0 THEN '' ELSE '421' END, ''
      FROM engagement_delivery""",
    # Nine in ten are in use; the others have been retired one after the other for a year.
    f"""
    INSERT INTO engagement_endpoint (person_id, channel, kind, value, verified_at, retired_at, retired_because)
    SELECT n, 'pigeon', '', 'token ' || n, now(),
           CASE WHEN n % 10 = 0 THEN now() - n * interval '1 year' / {ROWS} END, 'It burnt.'
      FROM generate_series(1, {ROWS}) n""",
]
TABLES = ["engagement_delivery", "engagement_deliveryattempt", "engagement_endpoint"]


@pytest.fixture(scope="module")
def big(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Many messages, attempts and endpoints; of people that there are not, who are not asked."""
    with django_db_blocker.unblock():
        execute("ALTER TABLE engagement_endpoint DISABLE TRIGGER ALL")
        for statement in BIG:
            execute(statement.replace("%", "%%"))
        execute("ALTER TABLE engagement_endpoint ENABLE TRIGGER ALL")
        execute(f"ANALYZE {', '.join(TABLES)}")
        yield
        execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")


def test_no_big_table_is_read_from_end_to_end() -> None:
    plan = plans(reports)
    for table, *indexes in (
        (
            "engagement_delivery",
            "delivery_due",
            "delivery_leased",
            "delivery_dead",
            "delivery_pkey",
        ),
        ("engagement_deliveryattempt", "attempt_at", "engagement_deliveryattempt_pkey"),
        ("engagement_endpoint", "endpoint_seen", "endpoint_retired"),
    ):
        assert_by_index(plan, table, *indexes)


def test_the_counts_are_right(pigeons: Pigeons) -> None:
    found = {each.channel.name: each for each in reports()}
    assert sum(each.messages.due.number for each in found.values()) == ROWS // 100
    assert sum(each.messages.retrying.number for each in found.values()) == ROWS // 100
    assert sum(each.lately.sent + each.lately.failed for each in found.values()) == pytest.approx(
        ROWS / 2, 1e-3
    )
    endpoints = found["pigeon"].endpoints
    assert endpoints is not None
    assert str(endpoints.in_use) == "10,000+"
    assert endpoints.retired.number == pytest.approx(7 / 365 * ROWS / 10, abs=2)


def test_an_endpoint_is_found_by_the_index_of_its_value() -> None:
    plan = plans(lambda: list(Endpoint.objects.filter(value="token 777")))
    assert_by_index(plan, "engagement_endpoint", "endpoint_value")
