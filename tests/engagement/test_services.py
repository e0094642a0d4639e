"""NotificationService, as requirements A.9 names it."""

import pytest
from django.utils import timezone

from capabilities.people.models import Person
from engagement.models import AppNotification
from engagement.services import NotificationService
from tests.engagement.samples import fill_inbox, notified

pytestmark = pytest.mark.django_db


def test_the_unread_come_newest_first(alice: Person, bob: Person) -> None:
    old, read, put_away, new = (notified(alice, title) for title in ("old", "read", "put away", "new"))
    read.mark_as_read()
    AppNotification.objects.filter(pk=put_away.pk).update(archived_at=timezone.now())
    notified(bob)
    assert list(NotificationService.get_unread_notifications(alice)) == [new, old]


def test_the_unread_can_be_filtered_on(alice: Person) -> None:
    fill_inbox(alice, 3)
    assert NotificationService.get_unread_notifications(alice).filter(title="Number 1").count() == 1


def test_marking_ones_own_as_read_says_so(alice: Person) -> None:
    mine = notified(alice)
    assert NotificationService.mark_notification_as_read(mine.pk, alice) is True
    mine.refresh_from_db()
    assert mine.is_read


def test_marking_it_again_is_true_and_keeps_the_time(alice: Person) -> None:
    mine = notified(alice)
    NotificationService.mark_notification_as_read(mine.pk, alice)
    first = AppNotification.objects.get().read_at
    assert NotificationService.mark_notification_as_read(mine.pk, alice) is True
    assert AppNotification.objects.get().read_at == first is not None


def test_marking_somebody_elses_is_false_and_changes_nothing(alice: Person, bob: Person) -> None:
    theirs = notified(bob)
    assert NotificationService.mark_notification_as_read(theirs.pk, alice) is False
    theirs.refresh_from_db()
    assert not theirs.is_read


@pytest.mark.parametrize("pk", [0, -1, 10**9, 2**63 - 1, 2**63, 2**200])
def test_marking_what_there_is_not_is_false(alice: Person, pk: int) -> None:
    notified(alice)
    assert NotificationService.mark_notification_as_read(pk, alice) is False
