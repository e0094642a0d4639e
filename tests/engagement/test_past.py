"""What there was last month: the tally and the rows that are still there, in one query."""

from datetime import UTC, date, datetime

import pytest
from freezegun import freeze_time
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.models import NotifiableEvent
from engagement.past import Counts, Past, past_of
from engagement.preferences import sections
from events.sql import execute
from tests.engagement.explained import assert_by_index, plans

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TOLD = ("test.told", "probe.ToldNotifier")
OUTCOMES = {"app": "created: default", "email": "planned: default"}


def concerned(person: Person, at: str, notifier: str = TOLD[1], event_type: str = TOLD[0]) -> None:
    """Make one that has expired."""
    NotifiableEvent.objects.create(
        person=person,
        event_type=event_type,
        notifier=notifier,
        outcomes=OUTCOMES,
        created_at=datetime.fromisoformat(f"{at}T12:00+00:00"),
        delete_at=NOW,
    )


def fold() -> None:
    NotifiableEvent.delete_expired(datetime(2030, 1, 1, tzinfo=UTC), 1_000)


def past(person: Person) -> Past:
    with freeze_time(NOW):
        return past_of(person, sections(person))


def test_it_makes_no_difference_whether_the_clean_up_has_come_by(alice: Person, bob: Person) -> None:
    for day in ("2026-10-01", "2026-10-31"):
        concerned(alice, day)
    concerned(bob, "2026-10-02")
    before = past(alice)
    assert before.month == date(2026, 10, 1)
    assert before.notifications[TOLD]["email"] == Counts(told=2, days=1 << 0 | 1 << 30)
    fold()
    assert past(alice) == before
    concerned(alice, "2026-10-05")
    assert past(alice).notifications[TOLD]["app"].told == 3


def test_the_months_before_and_after_do_not_count(alice: Person) -> None:
    for day in ("2026-09-30", "2026-10-15", "2026-11-01"):
        concerned(alice, day)
    assert past(alice).notifications[TOLD]["app"].told == 1
    fold()
    assert past(alice).notifications[TOLD]["app"].told == 1


def test_without_anything_last_month_it_is_this_month_so_far(alice: Person) -> None:
    concerned(alice, "2026-09-30")
    concerned(alice, "2026-11-02")
    found = past(alice)
    with freeze_time(NOW):
        assert (found.month, found.is_over, found.days) == (date(2026, 11, 1), False, 30)
    assert found.notifications[TOLD]["app"].told == 1


def test_who_was_named_or_told_by_a_notifier_that_is_gone_counts_for_the_main_one(alice: Person) -> None:
    for notifier in ("", "probe.GoneNotifier", TOLD[1]):
        concerned(alice, "2026-10-02", notifier)
    assert past(alice).notifications[TOLD]["app"].told == 3


def test_event_types_of_which_there_is_nothing_to_choose_are_left_out(alice: Person) -> None:
    concerned(alice, "2026-10-02", event_type="test.gone")
    concerned(alice, "2026-10-02", event_type="endpoint.tested")
    assert past(alice).notifications == {}


def test_it_is_one_query_by_index(alice: Person, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    found = sections(alice)
    with django_assert_num_queries(1):
        past_of(alice, found)
    execute(
        "INSERT INTO engagement_tally (person_id, month, event_type, notifier, channel, delete_at)"
        " SELECT n, '2026-10-01', 'test.told', '', 'app', now() FROM generate_series(1, 20000) n"
    )
    execute(
        "INSERT INTO engagement_notifiableevent (event_log_id, person_id, event_type, created_at, delete_at)"
        " SELECT n, n, 'test.told', now(), now() FROM generate_series(1, 20000) n"
    )
    execute("ANALYZE engagement_tally, engagement_notifiableevent")
    plan = plans(lambda: past_of(alice, found))
    assert_by_index(plan, "engagement_tally", "tally_once")
    assert_by_index(plan, "engagement_notifiableevent", "notifiableevent_once")
