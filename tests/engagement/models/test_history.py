"""Who changed a wording when: each save and deletion leaves a row, under whichever class it was done."""

import pytest
from django.test import RequestFactory
from simple_history.models import HistoricalRecords

from capabilities.people.models import Person
from engagement.models import AppNotificationTemplate, EmailNotificationTemplate, NotificationTemplate

pytestmark = pytest.mark.django_db

CLASSES = [NotificationTemplate, AppNotificationTemplate, EmailNotificationTemplate]


def recorded() -> list[tuple[str, str]]:
    """Return what is in the one table of the history, the oldest first."""
    found = NotificationTemplate.history.order_by("history_id")
    return [(each.history_type, each.title_template) for each in found]


@pytest.mark.parametrize("model", CLASSES)
def test_writing_changing_and_deleting_are_recorded_once_each(model: type[NotificationTemplate]) -> None:
    made = model.objects.create(event_type="test.told", title_template="first")
    made.title_template = "second"
    made.save()
    made.delete()
    assert recorded() == [("+", "first"), ("~", "second"), ("-", "second")]


@pytest.mark.parametrize("model", CLASSES)
def test_deleting_many_at_once_is_recorded_too(model: type[NotificationTemplate]) -> None:
    for language in ("en", "de"):
        model.objects.create(event_type="test.told", language=language, title_template=language)
    model.objects.all().delete()
    assert sorted(recorded()[2:]) == [("-", "de"), ("-", "en")]


@pytest.mark.parametrize("model", CLASSES)
def test_each_class_finds_the_history_of_its_rows(model: type[NotificationTemplate]) -> None:
    made = model.objects.create(event_type="test.told", title_template="first")
    assert made.history.count() == 1
    assert NotificationTemplate.objects.get().history.count() == 1


def test_what_was_refused_leaves_no_trace() -> None:
    with pytest.raises(Exception, match="no parameter colour"):
        NotificationTemplate.objects.create(event_type="test.told", title_template="{{ colour }}")
    assert recorded() == []


def test_who_did_it_is_noted_while_there_is_a_request(
    alice: Person, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = rf.get("/")
    request.user = alice
    monkeypatch.setattr(HistoricalRecords.context, "request", request, raising=False)
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="x")
    assert NotificationTemplate.history.get().history_user == alice


def test_somebody_who_is_deleted_leaves_what_they_wrote(alice: Person) -> None:
    made = NotificationTemplate(event_type="test.told", title_template="x")
    made._history_user = alice  # type: ignore[attr-defined]  # as the library has it
    made.save()
    alice.delete()
    assert NotificationTemplate.history.get().history_user is None
