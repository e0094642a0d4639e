"""The statements of a batch."""

import pytest
from django.db import connection

from capabilities.people.models import Person
from engagement import people_sql, process_sql
from engagement.decide import Choice, Medium, Outcome, Preset, Reason, Status, Traits
from engagement.endpoints_sql import stored_channels
from engagement.models import AppNotification, NotifiableEvent, NotificationPreference
from engagement.notice import Notice, notice_of
from engagement.people_sql import Group
from engagement.process_sql import Decided
from engagement.registry import notifiers
from engagement.render import Text
from events.bus import Payload
from events.sql import fetch
from tests.conftest import make_person
from tests.engagement.samples import outcomes_of, planned, published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

INBOX = [Medium("app", is_inbox=True)]
SHOWN = Outcome(Status.CREATED, Reason.DEFAULT)
#: Without endpoints there.
NOWHERE = frozenset(stored_channels())


def told(actor: Person | None = None) -> tuple[Payload, Notice]:
    """Return an event, and how it is told."""
    event = published(Told(people=[]), actor=actor)
    return event, notice_of(notifiers["probe.ToldNotifier"], event)


def groups(*people: int, actor: Person | None = None) -> list[Group]:
    """Return the groups of a batch for these people."""
    event, notice = told(actor)
    return people_sql.groups_of_batch(planned(event, people), notice)


def traits(*people: int, actor: Person | None = None) -> dict[int, Traits]:
    """Return what matters of each of these people."""
    found = groups(*people, actor=actor)
    of = dict(NotifiableEvent.objects.values_list("pk", "person_id"))
    return {of[pk]: group.traits for group in found for pk in group.pks}


def show(decided: Decided, notice: Notice, text: Text) -> None:
    """Give all of them one text."""
    process_sql.store_and_show(decided, notice, [text], dict.fromkeys(decided.pks, 0))


def test_groups_tell_who_is_gone_who_is_inactive_and_who_did_it(alice: Person, bob: Person) -> None:
    sleeper, gone = make_person("sleeper", is_active=False), alice.pk + 1_000_000
    assert traits(gone, alice.pk, sleeper.pk, bob.pk, actor=bob) == {
        gone: Traits(exists=False, no_endpoint=frozenset({"email", *stored_channels()})),
        alice.pk: Traits(no_endpoint=NOWHERE),
        sleeper.pk: Traits(active=False, no_endpoint=NOWHERE),
        bob.pk: Traits(is_actor=True, no_endpoint=NOWHERE),
    }


def test_groups_tell_both_choices(alice: Person, bob: Person, carol: Person) -> None:
    of_type = {"event_type": "test.told"}
    for person, choice, scope in [
        (alice, Preset.NONE, of_type),
        (alice, Preset.BOTH, {"category": "test"}),
        (bob, Preset.EMAIL, {"category": "test"}),
        (carol, Preset.APPS, {"category": "product"}),
        (carol, Preset.APPS, {"event_type": "test.pinged"}),
    ]:
        NotificationPreference.objects.create(person=person, type=choice, **scope)
    assert traits(alice.pk, bob.pk, carol.pk) == {
        alice.pk: Traits(
            type_choice=Choice(Preset.NONE), category_choice=Choice(Preset.BOTH), no_endpoint=NOWHERE
        ),
        bob.pk: Traits(category_choice=Choice(Preset.EMAIL), no_endpoint=NOWHERE),
        carol.pk: Traits(no_endpoint=NOWHERE),
    }


def test_people_with_the_same_traits_are_one_group(alice: Person, bob: Person) -> None:
    (group,) = groups(alice.pk, bob.pk)
    assert len(group.pks) == 2


def test_those_that_are_decided_are_left_out(alice: Person, bob: Person) -> None:
    event, notice = told()
    batch = planned(event, [alice.pk, bob.pk])
    NotifiableEvent.objects.filter(person=alice).update(outcomes={"app": "created: default"})
    (group,) = people_sql.groups_of_batch(batch, notice)
    assert group.pks == [NotifiableEvent.objects.get(person=bob).pk]
    assert people_sql.group_of_one(NotifiableEvent.objects.get(person=alice), notice) == []


def test_what_is_decided_stays_so(alice: Person) -> None:
    event, notice = told()
    planned(event, [alice.pk])
    decided = Decided(INBOX, [SHOWN], [NotifiableEvent.objects.get().pk])
    show(decided, notice, Text("First", ""))
    show(decided, notice, Text("Second", ""))
    process_sql.store_and_show(decided, notice, [Text("Third", ""), Text("Fourth", "")], {decided.pks[0]: 1})
    process_sql.store(Decided(INBOX, [Outcome(Status.SKIPPED, Reason.CATEGORY)], decided.pks))
    assert list(AppNotification.objects.values_list("title", flat=True)) == ["First"]
    assert outcomes_of(alice) == {"app": "created: default"}


def test_a_row_that_is_in_the_inbox_already_is_left_alone(alice: Person) -> None:
    event, notice = told()
    planned(event, [alice.pk])
    decided = Decided(INBOX, [SHOWN], [NotifiableEvent.objects.get().pk])
    show(decided, notice, Text("First", ""))
    NotifiableEvent.objects.update(outcomes=None)
    show(decided, notice, Text("Second", ""))
    assert list(AppNotification.objects.values_list("title", flat=True)) == ["First"]


def test_each_gets_their_own_text(alice: Person, bob: Person) -> None:
    event, notice = told()
    planned(event, [alice.pk, bob.pk])
    of = dict(NotifiableEvent.objects.values_list("pk", "person_id"))
    texts = [Text(f"For {person}", f"Dear {person}") for person in of.values()]
    number = {pk: at for at, pk in enumerate(of)}
    process_sql.store_and_show(Decided(INBOX, [SHOWN], list(of)), notice, texts, number)
    assert dict(AppNotification.objects.values_list("person", "title")) == {
        alice.pk: f"For {alice.pk}",
        bob.pk: f"For {bob.pk}",
    }


def test_writing_an_outcome_touches_no_index() -> None:
    """The pages of NotifiableEvents have room for it: see migration 0002."""
    event, notice = told()
    batch = planned(event, range(1_000_001, 1_001_001))
    before = _updates()
    (group,) = people_sql.groups_of_batch(batch, notice)
    process_sql.store(Decided(INBOX, [SHOWN], group.pks))
    written, in_place = (now - then for now, then in zip(_updates(), before, strict=True))
    assert written == 1_000
    assert in_place == 1_000


def _updates() -> tuple[int, int]:
    """Return how many rows this transaction has updated, and how many of them on their own page."""
    ((updated, in_place),) = fetch(
        "SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)"
        " FROM pg_class WHERE relname = 'engagement_notifiableevent'"
    )
    return updated, in_place


def test_the_table_of_people_may_have_any_name(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    event, notice = told()
    batch = planned(event, [alice.pk])
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE people_person RENAME TO "user"')
    monkeypatch.setattr(Person._meta, "db_table", "user")
    forget_people()
    try:
        assert [group.traits.exists for group in people_sql.groups_of_batch(batch, notice)] == [True]
    finally:
        forget_people()


def forget_people() -> None:
    """Ask anew what the table of people is called."""
    people_sql.people_sql.cache_clear()
    people_sql._groups_sql.cache_clear()
