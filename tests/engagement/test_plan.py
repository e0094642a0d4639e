"""A dry run is the real thing, of which nothing is kept."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from capabilities.people.models import Person
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch, NotificationPreference
from engagement.plan import Planned, plan
from events.bus import EventLog, InvalidPayload
from events.models import HandlerRun
from tests.conftest import make_people
from tests.probe.events import Told, ToldEverybody

pytestmark = pytest.mark.django_db


def nothing_was_written() -> bool:
    models = (EventLog, HandlerRun, NotifiableEvent, NotificationBatch, AppNotification)
    return not any(model.objects.exists() for model in models)


def test_it_says_who_would_get_what_and_whose_decision_it_is(alice: Person, bob: Person) -> None:
    NotificationPreference.objects.create(person=bob, category="test", type="none")
    found = plan(Told(people=[alice.pk, bob.pk], name="Kite"), about="kite:1")
    assert found.total == 2
    assert found.people == [
        Planned(
            str(alice),
            "probe.ToldNotifier",
            {"app": "created: default", "email": "skipped: channel not configured"},
            "Kite was told",
            found.people[0].message,
        ),
        Planned(
            str(bob),
            "probe.ToldNotifier",
            {"app": "skipped: choice for this category", "email": "skipped: choice for this category"},
            "",
            "",
        ),
    ]
    assert nothing_was_written()


def test_nobody_is_woken(
    alice: Person, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    make_people(1_500)
    with django_capture_on_commit_callbacks() as callbacks:
        found = plan(ToldEverybody(), limit=3)
    assert (found.total, len(found.people), callbacks) == (1_501, 3, [])
    assert list(found.outcomes.values()) == [1_501]
    assert nothing_was_written()


def test_many_people_are_not_loaded() -> None:
    make_people(1_500)
    with CaptureQueriesContext(connection) as captured:
        plan(ToldEverybody(), limit=1)
    assert len(captured) < 50


def test_a_wrong_payload_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="people"):
        plan("test.told", {"name": 3})


def test_an_operator_asks_by_command(alice: Person, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("plan_notification", "test.told", "--payload", f'{{"people": [{alice.pk}], "name": "Kite"}}')
    said = capsys.readouterr().out
    assert "1 person. Nothing was written." in said
    assert "Kite was told" in said
    assert nothing_was_written()


def test_notifiers_that_see_no_point_say_why(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {
        "product_id": 999,
        "name": "x",
        "url": "/",
        "person_id": 1,
        "person_name": "A",
        "organisation_id": 1,
    }
    payload = json.dumps(facts)
    call_command("plan_notification", "product.created", "--payload", payload)
    assert "Nobody: The event is about product 999, which is gone." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("event_type", "payload"),
    [("test.tolt", "{}"), ("test.told", "{"), ("test.told", "[]"), ("test.told", "{}")],
)
def test_the_command_says_what_is_wrong(event_type: str, payload: str) -> None:
    with pytest.raises(CommandError):
        call_command("plan_notification", event_type, "--payload", payload)
