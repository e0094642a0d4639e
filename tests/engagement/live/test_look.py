"""What is looked up for those who are connected, and by what plans."""

from typing import Any

import pytest

from capabilities.people.models import Person
from engagement import inbox
from engagement.live import look
from engagement.live.wanted import STATES_AT_ONCE, Wanted, read_payload
from engagement.models import AppNotification
from tests.engagement.explained import assert_by_index, plans
from tests.engagement.samples import fill_inbox, notified
from tests.engagement.test_plans import APP_NOTIFICATIONS, OF_ONE_PERSON, fill

pytestmark = pytest.mark.django_db

TABLE = "engagement_appnotification"


def wanted(connected: set[str], *told: dict[str, Any]) -> Wanted:
    found = Wanted()
    for each in told:
        found.add(each, connected)
    return found


def test_the_state_is_that_of_the_page(alice: Person, bob: Person) -> None:
    fill_inbox(alice, 60)
    rows = fill_inbox(bob, 3)
    AppNotification.objects.filter(pk=rows[0].pk).update(archived_at=rows[0].created_at)
    found = look.look(Wanted(states={str(alice.pk), str(bob.pk)}), [])
    for person in (alice, bob):
        news = found[str(person.pk)]
        assert news.state is not None
        assert [row["id"] for row in news.state] == [row.pk for row in inbox.page(person).notifications]
        assert news.badge == inbox.badge(person)


def test_of_a_batch_only_those_who_are_connected_are_asked_for(alice: Person, bob: Person) -> None:
    row, other = notified(alice), notified(bob)
    told = {"batch": 1, "first": row.event_id, "last": other.event_id}
    found = look.look(wanted({str(alice.pk)}, told), [str(alice.pk)])
    assert found.keys() == {str(alice.pk)}
    assert [each["id"] for each in found[str(alice.pk)].upsert] == [row.pk]


def test_what_has_changed_and_is_gone_since_is_removed(alice: Person) -> None:
    row = notified(alice)
    key = str(alice.pk)
    found = look.look(wanted({key}, {"changed": alice.pk, "ids": [row.pk, row.pk + 1]}), [key])
    assert ([each["id"] for each in found[key].upsert], found[key].remove) == ([row.pk], [row.pk + 1])


def test_what_concerns_nobody_who_is_connected_is_not_looked_up(alice: Person) -> None:
    told: list[dict[str, Any]] = [
        {"changed": alice.pk, "ids": [1]},
        {"changed": alice.pk, "ids": None},
        {"gone": [[alice.pk, 1]]},
    ]
    assert not wanted(set(), *told)


@pytest.mark.parametrize(
    "payload", ["", "x", "[]", "1", "null", '{"later": 1}', '{"batch": 1, "first": "x"}']
)
def test_what_a_newer_version_tells_is_passed_over(payload: str) -> None:
    assert not wanted({"1"}, read_payload(payload))


def test_those_who_come_all_at_once_are_read_some_at_a_time() -> None:
    people = {str(number) for number in range(STATES_AT_ONCE + 1)}
    waiting = Wanted(states=set(people), renewed=set(people))
    first, second = waiting.take(), waiting.take()
    assert (len(first.states), len(second.states)) == (STATES_AT_ONCE, 1)
    assert first.states | second.states == first.renewed | second.renewed == people
    assert not waiting


@pytest.mark.parametrize("rows", [APP_NOTIFICATIONS, OF_ONE_PERSON], ids=["many", "one"])
def test_all_is_found_by_index(rows: str) -> None:
    fill(rows)
    people = [str(number) for number in range(1, 101)]
    assert_by_index(plans(lambda: look.newest_of(people)), TABLE, "appnotification_inbox")
    assert_by_index(plans(lambda: look.badges_of(people)), TABLE, "appnotification_unread")
    assert_by_index(plans(lambda: list(look.rows_in_batch(20_000, 20_999, people))), TABLE, "event_id")
    changed = wanted({"7"}, {"changed": 7, "ids": [1, 2, 3]})
    assert_by_index(plans(lambda: look.look(changed, ["7"])), TABLE, "appnotification_pkey")
