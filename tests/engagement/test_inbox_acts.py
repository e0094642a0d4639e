"""Read, unread, archive and back; and what is taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone
from freezegun import freeze_time

from capabilities.people.models import Person
from engagement import inbox_acts
from engagement.inbox_acts import Act
from engagement.models import AppNotification
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db


def states() -> list[tuple[object, object]]:
    return list(AppNotification.objects.order_by("pk").values_list("read_at", "archived_at"))


@pytest.mark.parametrize("verb", Act)
def test_an_act_changes_ones_own_and_is_taken_back_exactly(alice: Person, bob: Person, verb: Act) -> None:
    rows, theirs = fill_inbox(alice, 3), notified(bob)
    rows[0].mark_as_read()
    AppNotification.objects.filter(pk=rows[1].pk).archive()
    before = states()
    done = inbox_acts.act(alice, verb, [each.pk for each in rows] + [theirs.pk])
    assert done.count == len(done.ids) == {"read": 2, "unread": 1, "archive": 2, "unarchive": 1}[verb]
    assert states() != before
    assert states()[3] == (None, None)
    assert inbox_acts.undo(bob, done.undo) is None
    assert inbox_acts.undo(alice, done.undo) == (done.count, done.ids)
    assert states() == before


def test_what_changes_nothing_cannot_be_taken_back(alice: Person, bob: Person) -> None:
    assert inbox_acts.act(alice, Act.READ, [notified(bob).pk]) == inbox_acts.Done(Act.READ, 0)


def test_what_was_changed_again_stays(alice: Person) -> None:
    row = notified(alice)
    done = inbox_acts.act(alice, Act.ARCHIVE, [row.pk])
    inbox_acts.act(alice, Act.UNARCHIVE, [row.pk])
    again = inbox_acts.act(alice, Act.ARCHIVE, [row.pk])
    assert inbox_acts.undo(alice, done.undo) == (0, (row.pk,))
    assert AppNotification.objects.archived().count() == 1
    assert inbox_acts.undo(alice, again.undo) == (1, (row.pk,))


def test_undo_is_good_for_ten_minutes(alice: Person) -> None:
    done = inbox_acts.act(alice, Act.READ, [notified(alice).pk])
    with freeze_time(timezone.now() + timedelta(minutes=11)):
        assert inbox_acts.undo(alice, done.undo) is None
    assert inbox_acts.undo(alice, done.undo[:-1]) is None
    assert inbox_acts.undo(alice, "") is None


def test_all_that_is_read_is_archived_up_to_what_was_shown(alice: Person, bob: Person) -> None:
    rows, late = fill_inbox(alice, 4), notified(alice)
    for row in (*rows[:2], late, notified(bob)):
        row.mark_as_read()
    done = inbox_acts.archive_read(alice, up_to=rows[3].pk)
    assert (done.count, done.is_cut) == (2, False)
    assert set(AppNotification.objects.archived()) == {*rows[:2]}
    assert inbox_acts.undo(alice, done.undo) == (2, ())
    assert not AppNotification.objects.archived().exists()


def test_no_more_than_so_many_at_once(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_acts, "MOST_AT_ONCE", 3)
    fill_inbox(alice, 5)
    first, second = inbox_acts.read_all(alice), inbox_acts.read_all(alice)
    assert [(each.count, each.is_cut) for each in (first, second)] == [(3, True), (2, False)]


def test_being_read_is_being_seen(alice: Person, bob: Person) -> None:
    mine, theirs = fill_inbox(alice, 2), notified(bob)
    assert inbox_acts.mark_seen(alice, [mine[0].pk, theirs.pk]) == 1
    inbox_acts.act(alice, Act.READ, [mine[1].pk])
    assert set(AppNotification.objects.filter(seen_at=None)) == {theirs}
