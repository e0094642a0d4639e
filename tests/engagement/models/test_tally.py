"""The tally: what was decided of NotifiableEvents is counted as they are deleted, each once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from capabilities.people.models import Person
from engagement.decide import Outcome, Reason, Status, Wait
from engagement.models import NotifiableEvent, Tally
from engagement.models.notifiable import FOLDED_AT_ONCE
from engagement.models.tally_sql import COUNTS
from events.cleanup import clean_up
from events.sql import execute
from tests.engagement.explained import assert_by_index, plans
from tests.threads import side_by_side

pytestmark = pytest.mark.django_db

JUNE = datetime(2026, 6, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 7, 1, tzinfo=UTC)
TOLD = {"app": "created: default", "email": "planned: default"}


def concerned(
    person: Person, outcomes: Any = None, count: int = 1, at: datetime = JUNE, **fields: Any
) -> list[NotifiableEvent]:
    """Make so many NotifiableEvents that have expired, decided like this."""
    values = {"event_type": "test.told", "notifier": "probe.ToldNotifier", "delete_at": at} | fields
    return NotifiableEvent.objects.bulk_create(
        NotifiableEvent(person=person, outcomes=outcomes or TOLD, created_at=at, **values)
        for _number in range(count)
    )


def fold(limit: int = 5_000) -> int:
    return NotifiableEvent.delete_expired(LATER, limit)


def tallied(**of: Any) -> dict[str, dict[str, int]]:
    """Return what is counted on each channel, without what is none."""
    return {
        row.channel: {name: value for name in COUNTS if (value := getattr(row, name))}
        for row in Tally.objects.filter(**of)
    }


def sums(rows: Sequence[Tally]) -> int:
    return sum(getattr(row, name) for row in rows for name in COUNTS)


def test_what_expires_is_counted_by_person_month_and_channel(alice: Person, bob: Person) -> None:
    concerned(alice, count=3)
    concerned(alice, {"app": "created: default", "email": "skipped: choice for this category"}, count=2)
    concerned(bob)
    concerned(bob, at=JUNE - timedelta(days=20))
    assert fold() == 7
    assert not NotifiableEvent.objects.exists()
    assert tallied(person=alice) == {"app": {"told": 5}, "email": {"told": 3, "declined": 2}}
    months = Tally.objects.filter(person=bob, channel="app").values_list("month", "told").order_by("month")
    assert list(months) == [(date(2026, 5, 1), 1), (date(2026, 6, 1), 1)]


@pytest.mark.parametrize(
    ("outcome", "count"),
    [
        ("created: default", "told"),
        ("planned: rule for this category, held", "told"),
        ("planned: choice for this event type, delayed", "told"),
        ("planned: default, hourly digest", "collected"),
        ("planned: choice for this category, daily digest", "collected"),
        ("planned: mandatory", "required"),
        ("created: mandatory", "required"),
        ("skipped: default", "declined"),
        ("skipped: choice for this event type", "declined"),
        ("skipped: rule for this event type", "declined"),
        ("skipped: no endpoint", "unreachable"),
        ("skipped: endpoint suppressed", "unreachable"),
        ("skipped: channel not configured", "unreachable"),
        ("skipped: own act", "barred"),
        ("skipped: muted", "barred"),
        ("skipped: something new", "barred"),
        ("launched: default", "barred"),
        ("", "barred"),
    ],
)
def test_an_outcome_is_counted_by_what_decided(alice: Person, outcome: str, count: str) -> None:
    concerned(alice, {"email": outcome})
    fold()
    assert tallied() == {"email": {count: 1}}


def test_what_comes_later_is_added(alice: Person) -> None:
    for _clean_up in range(3):
        concerned(alice, count=2)
        assert fold() == 2
    assert tallied() == {"app": {"told": 6}, "email": {"told": 6}}


def test_the_days_are_kept_on_which_there_was_something_to_decide(alice: Person) -> None:
    for day in (1, 10, 10, 30):
        concerned(alice, at=datetime(2026, 6, day, 23, 59, tzinfo=UTC))
        fold()
    concerned(alice, {"app": "skipped: muted"}, at=datetime(2026, 6, 20, tzinfo=UTC))
    fold()
    assert Tally.objects.get(channel="app").days == 1 << 0 | 1 << 9 | 1 << 29


@pytest.mark.parametrize("outcomes", ["text", [], 7])
def test_what_is_not_decided_or_no_outcomes_is_deleted_and_not_counted(alice: Person, outcomes: Any) -> None:
    made = concerned(alice, count=2)
    NotifiableEvent.objects.filter(pk=made[0].pk).update(outcomes=outcomes)
    NotifiableEvent.objects.filter(pk=made[1].pk).update(outcomes=None, event_log_id=4711)
    assert fold() == 2
    assert not Tally.objects.exists()


def test_many_go_in_several_statements(alice: Person) -> None:
    concerned(alice, count=FOLDED_AT_ONCE + 5)
    assert fold(FOLDED_AT_ONCE + 3) == FOLDED_AT_ONCE + 3
    assert clean_up()["engagement.NotifiableEvent"] == 2
    assert tallied()["app"] == {"told": FOLDED_AT_ONCE + 5}


def test_a_clean_up_that_is_broken_off_has_counted_nothing(alice: Person) -> None:
    concerned(alice, count=3)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        assert fold() == 3
        assert Tally.objects.exists()
        raise KeyboardInterrupt
    assert not Tally.objects.exists()
    assert fold() == 3
    assert tallied()["app"] == {"told": 3}


@pytest.mark.django_db(transaction=True)
def test_two_clean_ups_at_once_count_each_row_once(alice: Person, bob: Person) -> None:
    for person in (alice, bob):
        concerned(person, count=2_000)
        concerned(person, count=2_000, event_type="test.met", notifier="")

    def work() -> int:
        return sum(iter(lambda: fold(100), 0))

    counts = side_by_side(*[work] * 4)
    # Two may take turns at the last rows: each stops when it finds none that is not locked.
    counts.append(fold(10_000))
    assert sum(count for count in counts if isinstance(count, int)) == 8_000, counts
    assert sums(list(Tally.objects.all())) == 16_000


def test_a_month_is_kept_for_thirteen_months_after_its_end(alice: Person) -> None:
    concerned(alice)
    fold()
    (delete_at,) = set(Tally.objects.values_list("delete_at", flat=True))
    assert delete_at == datetime(2027, 8, 1, tzinfo=UTC)
    assert Tally.delete_expired(delete_at, 10) == 0
    assert Tally.delete_expired(delete_at + timedelta(seconds=1), 10) == 2


def test_who_is_deleted_takes_theirs_along(alice: Person, bob: Person) -> None:
    concerned(alice)
    concerned(bob)
    fold()
    alice.delete()
    assert {row.person_id for row in Tally.objects.all()} == {bob.pk}


outcomes_of_any_sort = st.dictionaries(
    st.sampled_from(["app", "email", "push", "pigeon"]),
    st.builds(Outcome, st.sampled_from(Status), st.sampled_from(Reason), st.sampled_from(Wait)).map(str),
)


@hypothesis_settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(
        st.tuples(
            outcomes_of_any_sort, st.booleans(), st.integers(0, 90), st.sampled_from(["", "probe.Told"])
        ),
        max_size=12,
    ),
    limit=st.integers(1, 4),
)
def test_each_outcome_is_in_the_tally_or_still_in_its_row(
    alice: Person, rows: list[tuple[dict[str, str], bool, int, str]], limit: int
) -> None:
    NotifiableEvent.objects.all().delete()
    Tally.objects.all().delete()
    for outcomes, is_over, days, notifier in rows:
        at = JUNE - timedelta(days=days)
        (made,) = concerned(alice, at=at, notifier=notifier, delete_at=at if is_over else LATER)
        NotifiableEvent.objects.filter(pk=made.pk).update(outcomes=outcomes)
    every = sum(len(outcomes) for outcomes, *_ in rows)
    while True:
        deleted = fold(limit)
        retained = [
            len(row.outcomes) for row in NotifiableEvent.objects.all() if isinstance(row.outcomes, dict)
        ]
        assert sums(list(Tally.objects.all())) + sum(retained) == every
        if not deleted:
            break
    assert len(retained) == sum(not is_over for _, is_over, *_ in rows)


def test_the_expired_are_found_by_index_and_the_tally_by_its_key() -> None:
    execute(
        "INSERT INTO engagement_notifiableevent"
        " (event_log_id, person_id, event_type, notifier, outcomes, created_at, delete_at)"
        " SELECT n / 1000, n, 'test.told', '', '{\"app\": \"created: default\"}', now(),"
        " now() + (n - 9000) * interval '1 minute' FROM generate_series(1, 50000) n"
    )
    execute("ANALYZE engagement_notifiableevent")
    plan = plans(lambda: NotifiableEvent.delete_expired(timezone.now(), 1_000))
    assert_by_index(plan, "engagement_notifiableevent", "notifiableevent_delete_at", "tally_once")
