"""The statements of a batch."""

import pytest
from django.db import connection

from capabilities.people.models import Person
from engagement import process_sql
from engagement.models import AppNotification, NotifiableEvent
from engagement.notice import notice_of
from engagement.registry import notifiers
from engagement.render import Text
from tests.conftest import make_person
from tests.engagement.samples import planned, published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


def test_rows_tell_who_is_gone_and_who_is_inactive(alice: Person) -> None:
    sleeper, gone = make_person("sleeper", is_active=False), alice.pk + 1_000_000
    rows = process_sql.batch_rows(planned(published(Told(people=[])), [gone, alice.pk, sleeper.pk]))
    assert [(row.person_id, row.exists, row.active) for row in rows] == [
        (gone, False, True),
        (alice.pk, True, True),
        (sleeper.pk, True, False),
    ]


def test_rows_that_are_decided_are_left_out(alice: Person, bob: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk, bob.pk])
    NotifiableEvent.objects.filter(person=alice).update(outcomes={"app": "created: default"})
    assert [row.person_id for row in process_sql.batch_rows(batch)] == [bob.pk]
    assert process_sql.single_row(NotifiableEvent.objects.get(person=alice)) == []


def test_inserting_again_changes_nothing(alice: Person) -> None:
    event = published(Told(people=[]))
    notice = notice_of(notifiers["probe.ToldNotifier"], event)
    pks = [row.pk for row in process_sql.batch_rows(planned(event, [alice.pk]))]
    process_sql.insert_same(notice, pks, Text("First", ""))
    process_sql.insert_same(notice, pks, Text("Second", ""))
    process_sql.insert_personal(notice, pks, [Text("Third", "")])
    assert list(AppNotification.objects.values_list("title", flat=True)) == ["First"]


def test_each_combination_of_outcomes_is_one_statement(alice: Person, bob: Person, carol: Person) -> None:
    rows = process_sql.batch_rows(planned(published(Told(people=[])), [alice.pk, bob.pk, carol.pk]))
    pks = [row.pk for row in rows]
    process_sql.store_outcomes({(("app", "x"),): pks[:2], (("app", "y"), ("email", "z")): pks[2:]})
    assert list(NotifiableEvent.objects.order_by("id").values_list("outcomes", flat=True)) == [
        {"app": "x"},
        {"app": "x"},
        {"app": "y", "email": "z"},
    ]


def test_the_table_of_people_may_have_any_name(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = planned(published(Told(people=[])), [alice.pk])
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE people_person RENAME TO "user"')
    monkeypatch.setattr(Person._meta, "db_table", "user")
    process_sql._rows_sql.cache_clear()
    try:
        assert [row.exists for row in process_sql.batch_rows(batch)] == [True]
    finally:
        process_sql._rows_sql.cache_clear()
