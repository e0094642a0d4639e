"""A person's list."""

import pytest
from django.utils import timezone

from capabilities.people.models import Person
from engagement import inbox
from engagement.models import AppNotification
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db


def test_a_page_is_newest_first_and_ones_own(alice: Person, bob: Person) -> None:
    first, second = notified(alice, "first"), notified(alice, "second")
    notified(bob)
    assert inbox.page(alice) == inbox.Page([second, first], None, second.pk)


def test_an_empty_inbox_is_an_empty_page(alice: Person) -> None:
    assert inbox.page(alice) == inbox.Page([], None, None)


@pytest.mark.parametrize(("count", "pages"), [(49, [49]), (50, [50]), (51, [50, 1]), (120, [50, 50, 20])])
def test_pages_follow_each_other_without_gap_or_overlap(alice: Person, count: int, pages: list[int]) -> None:
    rows = fill_inbox(alice, count)
    seen: list[AppNotification] = []
    sizes, before = [], None
    while True:
        page = inbox.page(alice, before=before)
        seen += page.notifications
        sizes.append(len(page.notifications))
        before = page.older_than
        if before is None:
            break
    assert sizes == pages
    assert seen == rows[::-1]


def test_the_next_page_is_the_same_though_new_ones_arrive(alice: Person) -> None:
    rows = fill_inbox(alice, 60)
    first = inbox.page(alice)
    fill_inbox(alice, 5)
    assert inbox.page(alice, before=first.older_than).notifications == rows[:10][::-1]


def test_a_page_may_be_of_the_unread_only(alice: Person) -> None:
    rows = fill_inbox(alice, 4)
    rows[1].mark_as_read()
    assert inbox.page(alice, inbox.Filter(inbox.Show.UNREAD), size=2) == inbox.Page(
        [rows[3], rows[2]], rows[2].pk, rows[3].pk
    )
    assert inbox.page(alice, inbox.Filter(inbox.Show.UNREAD), size=2, before=rows[2].pk) == inbox.Page(
        [rows[0]], None, rows[3].pk
    )


def test_what_was_put_away_is_not_in_the_inbox(alice: Person) -> None:
    row = notified(alice)
    AppNotification.objects.filter(pk=row.pk).update(archived_at=timezone.now())
    assert inbox.page(alice).notifications == []
    assert inbox.badge(alice) == ""
    assert inbox.mark_all_read(alice) == 0


@pytest.mark.parametrize(
    ("unread", "badge"), [(0, ""), (1, "1"), (98, "98"), (99, "99"), (100, "99+"), (300, "99+")]
)
def test_the_badge_counts_to_99(alice: Person, bob: Person, unread: int, badge: str) -> None:
    fill_inbox(alice, unread)
    notified(alice).mark_as_read()
    notified(bob)
    assert inbox.badge(alice) == badge
    assert inbox.unread_count(alice) == min(unread, 100)


def test_one_finds_only_what_is_ones_own(alice: Person, bob: Person) -> None:
    mine, theirs = notified(alice), notified(bob)
    assert inbox.find(alice, mine.pk) == mine
    assert inbox.find(alice, theirs.pk) is None
    assert inbox.find(alice, theirs.pk + 1) is None


def test_everything_of_ones_own_is_marked_read(alice: Person, bob: Person) -> None:
    fill_inbox(alice, 3)[0].mark_as_read()
    fill_inbox(bob, 2)
    assert inbox.mark_all_read(alice) == 2
    assert inbox.unread_count(alice) == 0
    assert inbox.unread_count(bob) == 2


def test_what_came_after_the_page_was_shown_stays_unread(alice: Person) -> None:
    shown, late = notified(alice), notified(alice, "late")
    assert inbox.mark_all_read(alice, up_to=shown.pk) == 1
    assert [each.title for each in inbox.page(alice, inbox.Filter(inbox.Show.UNREAD)).notifications] == [
        "late"
    ]
    late.refresh_from_db()
    assert late.read_at is None
