"""Filters, groups, and how far is looked."""

import re

import pytest
from django.http import QueryDict

from capabilities.people.models import Person
from engagement import inbox_list
from engagement.inbox_list import EVERYTHING, Filter, Show, grouped, page, rows
from engagement.models import AppNotification
from events.sql import execute, fetch
from tests.engagement.explained import assert_by_index, plans
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db
TABLE = "engagement_appnotification"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", EVERYTHING),
        ("show=unread", Filter(Show.UNREAD)),
        ("show=everything", EVERYTHING),
        ("show=archived&category=shop&group=a:1&q=+Kite+", Filter(Show.ARCHIVED, "shop", "a:1", "Kite")),
        ("q=" + "x" * 5_000, Filter(search="x" * 100)),
        ("q=%00a%00&category=%00", Filter(search="a")),
    ],
)
def test_a_query_string_asks_for_what_it_can_mean(query: str, wanted: Filter) -> None:
    assert Filter.of(QueryDict(query)) == wanted
    assert Filter.of(QueryDict(wanted.query())) == wanted


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EVERYTHING, ["d", "b", "a"]),
        (Filter(Show.UNREAD), ["d", "a"]),
        (Filter(Show.ARCHIVED), ["c"]),
        (Filter(category="shop"), ["d", "b"]),
        (Filter(group="kite:1"), ["b", "a"]),
        (Filter(search="GRÜN"), ["a"]),
        (Filter(search="B"), ["b"]),
        (Filter(search="100%"), ["d"]),
        (Filter(Show.UNREAD, "shop", "kite:1"), []),
    ],
)
def test_a_filter_lists_what_it_says(alice: Person, bob: Person, wanted: Filter, found: list[str]) -> None:
    made = [
        notified(alice, "a", group="kite:1", message="Ein grüner Drache"),
        notified(alice, "b", group="kite:1", category="shop"),
        notified(alice, "c", category="shop"),
        notified(alice, "d", category="shop", message="100% silk"),
        notified(bob, "a", category="shop", group="kite:1"),
    ]
    made[1].mark_as_read()
    AppNotification.objects.filter(pk=made[2].pk).archive()
    assert [each.title for each in page(alice, wanted).notifications] == found
    assert [each.title for each in rows(alice, [each.pk for each in made], wanted)] == found


def test_one_group_is_one_entry_at_the_place_of_its_newest(alice: Person) -> None:
    groups = ["a", "", "b", "a", ""]
    made = [notified(alice, str(number), group=group) for number, group in enumerate(groups)][::-1]
    entries = [(entry.newest.title, [row.title for row in entry.older]) for entry in grouped(made)]
    assert entries == [("4", []), ("3", ["0"]), ("2", []), ("1", [])]
    assert len(grouped(made, Filter(group="a"))) == 5


def test_a_narrow_list_looks_so_far_and_goes_on_from_there(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_list, "SCAN_LIMIT", 10)
    made, found, before = fill_inbox(alice, 25), [], None
    for is_cut in (True, True, False):
        part = page(alice, Filter(search="number 3"), before=before)
        assert part.is_cut == is_cut
        found += part.notifications
        before = part.older_than
    assert found == [made[3]]
    assert before is None


#: One row in 20 is of somebody else, a half is read, a third is put away.
MANY = """
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, read_at,
            archived_at, delete_at)
    SELECT n, CASE WHEN n %% 20 = 0 THEN n ELSE 7 END, 'test.told', 'test', 'Number ' || n, '', '', '', '', now(),
           CASE WHEN n %% 2 = 0 THEN now() END, CASE WHEN n %% 3 = 0 THEN now() END, now()
      FROM generate_series(1, {count}) n"""
PERSON = Person(pk=7)


def fill(statement: str) -> None:
    """Have these rows alone, and let the planner know.

    Emptied first: of what other tests inserted and rolled back, the pages remain until a vacuum, and then ten rows
    are planned as ten among thousands of pages.
    """
    execute(f"TRUNCATE {TABLE}")
    execute(statement)
    execute(f"ANALYZE {TABLE}")


@pytest.mark.parametrize("count", [10, 1_000_000])
def test_each_part_is_listed_in_the_order_of_its_index_at_any_depth(count: int) -> None:
    fill(MANY.format(count=count))
    execute("SET LOCAL enable_seqscan = off")  # ten rows are one page, which is read at once
    ((middle,),) = fetch(f"SELECT id FROM {TABLE} ORDER BY id OFFSET {count // 2} LIMIT 1")
    indexes = {Show.ALL: "inbox", Show.UNREAD: "unread", Show.ARCHIVED: "archived"}
    # Of ten rows, those before one of them are found in any way.
    for before in (None, middle) if count > 10 else (None,):
        for show, index in indexes.items():
            plan = plans(lambda show=show, before=before: page(PERSON, Filter(show), before=before))  # type: ignore[misc]
            assert_by_index(plan, TABLE, f"Index Scan using appnotification_{index}")
            assert "Sort" not in plan, plan
            assert "pkey" not in plan, plan
    for show in Show:
        for wanted in (Filter(show, category="none"), Filter(show, search="nothing")):
            assert_by_index(plans(lambda wanted=wanted: page(PERSON, wanted, before=middle)), TABLE)  # type: ignore[misc]


#: Of whom the rows are, and which of them are put away.
MINGLED = {
    "nearly all are theirs": MANY,
    "one in 20 is theirs": MANY.replace("%% 20 = 0", "%% 20 > 0"),
    "the newest are put away": MANY.replace("WHEN n %% 3 = 0", "WHEN n > {count} / 4"),
}


@pytest.mark.parametrize("mingled", MINGLED)
@pytest.mark.parametrize(
    "wanted", [Filter(search="nothing"), Filter(category="none")], ids=["word", "category"]
)
def test_the_rows_read_are_bounded_however_many_there_are(
    mingled: str, wanted: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_list, "SCAN_LIMIT", 1_000)
    fill(MINGLED[mingled].format(count=100_000))
    plan = plans(lambda: page(PERSON, wanted), "EXPLAIN (ANALYZE, COSTS OFF) ")
    read = [int(each) for each in re.findall(r"Rows Removed by Filter: (\d+)", plan)]
    assert read == [1_000], plan
    assert_by_index(plan, TABLE, "appnotification_inbox")
