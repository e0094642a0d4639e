"""From an event to whom it concerns: set by set, nobody twice."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from capabilities.people.models import Organisation, OrganisationRole, Person
from engagement.fanout import BATCH_SIZE, fan_out
from engagement.models import AppNotification, NotifiableEvent, NotificationBatch
from engagement.notifier import Notifier
from events.bus import Cancel, EventLog, event_bus
from events.drain import drain
from events.models import HandlerRun
from events.replay import replay
from tests.conftest import make_people, make_person
from tests.engagement.samples import outcomes_of, published
from tests.probe.events import Hurried, Told, ToldEverybody, Unheard

pytestmark = pytest.mark.django_db

Declare = Callable[..., Notifier[Unheard]]


def concerned() -> list[int]:
    """Return the people whom some event concerns."""
    return list(NotifiableEvent.objects.order_by("person_id").values_list("person_id", flat=True))


def test_everybody_in_the_audience_is_concerned_and_notified(
    alice: Person, bob: Person, dave: Person
) -> None:
    event = published(Told(people=[alice.pk, bob.pk]), about="kite:1")
    fan_out(event)
    assert concerned() == [alice.pk, bob.pk]
    mine = NotifiableEvent.objects.get(person=alice)
    assert (mine.event_log_id, mine.event_type, mine.notifier) == (
        event.envelope.id,
        "test.told",
        "probe.ToldNotifier",
    )
    assert AppNotification.objects.get(person=bob).about == "kite:1"


def test_publishing_and_draining_is_all_it_takes(alice: Person) -> None:
    event_bus.publish(Told(people=[alice.pk]))
    drain()
    assert AppNotification.objects.get(person=alice).title == "Kite was told"


def test_one_batch_is_done_at_once(alice: Person) -> None:
    fan_out(published(Told(people=[alice.pk])))
    batch = NotificationBatch.objects.get()
    assert (batch.state, batch.recipients, batch.created, batch.skipped) == ("succeeded", 1, 1, 0)
    assert batch.finished_at is not None
    assert batch.first_id == batch.last_id == NotifiableEvent.objects.get().pk


def test_a_thousand_people_cost_as_many_queries_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    people = make_people(BATCH_SIZE)
    with CaptureQueriesContext(connection) as small:
        fan_out(published(Told(people=people[:1])))
    with django_assert_num_queries(len(small)):
        fan_out(published(Told(people=people)))
    assert NotifiableEvent.objects.count() == BATCH_SIZE + 1


def test_several_batches_are_planned_in_a_single_query_and_one_for_the_rules(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_people(2_500)
    event = published(ToldEverybody())
    with django_assert_num_queries(2):
        fan_out(event)
    assert not AppNotification.objects.exists()


@pytest.mark.parametrize(("people", "wakes"), [(1_000, False), (1_001, True)])
def test_other_workers_are_woken_for_several_batches(
    people: int, wakes: bool, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    make_people(people)
    event = published(ToldEverybody())
    with django_capture_on_commit_callbacks() as callbacks:
        fan_out(event)
    assert bool(callbacks) == wakes


def test_batches_hold_a_thousand_each_and_go_last() -> None:
    make_people(2_500)
    fan_out(published(ToldEverybody()))
    ids = list(NotifiableEvent.objects.order_by("id").values_list("id", flat=True))
    batches = list(NotificationBatch.objects.order_by("id"))
    assert [(each.first_id, each.last_id, each.recipients) for each in batches] == [
        (ids[0], ids[999], 1_000),
        (ids[1_000], ids[1_999], 1_000),
        (ids[2_000], ids[2_499], 500),
    ]
    assert {(each.priority, each.state) for each in batches} == {(9, "pending")}


@pytest.mark.parametrize(("people", "priorities"), [(1_000, [5]), (1_001, [9, 9])])
def test_only_more_than_a_thousand_people_go_last(people: int, priorities: list[int]) -> None:
    make_people(people)
    fan_out(published(ToldEverybody()))
    assert list(NotificationBatch.objects.values_list("priority", flat=True)) == priorities
    assert max(NotificationBatch.objects.values_list("recipients", flat=True)) == 1_000


@pytest.mark.usefixtures("own_notifiers")
def test_a_small_audience_has_the_priority_of_the_event_type(alice: Person) -> None:
    class HurriedNotifier(Notifier[Hurried]):
        event = Hurried
        example = Hurried()

        def audience(self, event: Hurried) -> list[Person]:
            return [alice]

    fan_out(published(Hurried()))
    assert NotificationBatch.objects.get().priority == 0


def test_every_batch_is_worked_off_by_the_same_drain() -> None:
    make_people(2_500)
    event_bus.publish(ToldEverybody())
    drain(seconds=60)
    assert AppNotification.objects.count() == 2_500
    assert AppNotification.objects.values("person").distinct().count() == 2_500
    assert [
        (each.state, each.created, each.skipped, each.fallbacks)
        for each in NotificationBatch.objects.order_by("id")
    ] == [("succeeded", 1_000, 0, 0), ("succeeded", 1_000, 0, 0), ("succeeded", 500, 0, 0)]


def test_an_empty_audience_leaves_nothing(alice: Person) -> None:
    fan_out(published(Told(people=[])))
    fan_out(published(Told(people=[alice.pk + 1_000_000])))
    assert not NotifiableEvent.objects.exists()
    assert not NotificationBatch.objects.exists()


def roles() -> QuerySet[OrganisationRole]:
    return OrganisationRole.objects.filter(role="manager")


def people_by_generator() -> Iterator[Person]:
    yield from Person.objects.filter(username__in=["bob", "carol"])


def pks() -> list[int]:
    return list(Person.objects.filter(username__in=["bob", "carol"]).values_list("pk", flat=True))


TWO = {
    "a queryset": lambda: Person.objects.filter(username__in=["bob", "carol"]),
    "a queryset that joins": lambda: Person.objects.filter(organisation_roles__role="manager"),
    "one that joins twice": lambda: Person.objects.filter(
        organisations__roles__role="owner", organisation_roles__role="manager"
    ),
    "one with duplicates": lambda: Person.objects.filter(
        organisation_roles__role="manager", organisations__people__isnull=False
    ),
    "an ordered one": lambda: Person.objects.filter(organisation_roles__role="manager").order_by("-username"),
    "a sliced one": lambda: Person.objects.exclude(username="alice").order_by("username")[:2],
    "a sliced one with an offset": lambda: Person.objects.order_by("username")[1:3],
    "a distinct one": lambda: Person.objects.filter(organisation_roles__role="manager").distinct("username"),
    "a grouped one": lambda: Person.objects.annotate(n=Count("organisation_roles")).filter(
        n=1, organisation_roles__role="manager"
    ),
    "a union": lambda: Person.objects.filter(username="bob").union(Person.objects.filter(username="carol")),
    "a subquery": lambda: Person.objects.filter(pk__in=roles().values("person")),
    "one of chosen columns": lambda: Person.objects.filter(username__in=["bob", "carol"]).values("username"),
    "one with related rows": lambda: (
        Person.objects.filter(username__in=["bob", "carol"])
        .only("username")
        .prefetch_related("organisations")
    ),
    "one with a percent sign": lambda: Person.objects.filter(username__contains="o").exclude(
        username__contains="%"
    ),
    "a distinct, ordered and sliced one": lambda: (
        Person.objects.filter(organisation_roles__role="manager").distinct().order_by("-date_joined")[:2]
    ),
    "a locking one": lambda: Person.objects.select_for_update().filter(username__in=["bob", "carol"]),
    "a raw one": lambda: Person.objects.raw(
        "SELECT id FROM people_person WHERE username IN ('bob', 'carol')"
    ),
    "what a relation leads to": lambda: Organisation.objects.get().people.filter(
        username__in=["bob", "carol"]
    ),
    "a list of ids": pks,
    "a set of ids": lambda: set(pks()),
    "a list of people": lambda: list(Person.objects.filter(username__in=["bob", "carol"])),
    "a list with both, twice": lambda: [*pks(), *people_by_generator(), *pks()],
    "a generator": people_by_generator,
    "ids as text": lambda: [str(pk) for pk in pks()],
    "nobodies among them": lambda: [*pks(), None, AnonymousUser(), Person(username="unsaved"), 2**40, 2**70],
}


@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize("audience", TWO.values(), ids=TWO)
def test_an_audience_may_be(
    audience: Callable[[], Any], declare: Declare, bob: Person, carol: Person
) -> None:
    declare(audience)
    fan_out(published(Unheard()))
    assert concerned() == sorted([bob.pk, carol.pk])
    assert NotificationBatch.objects.get().recipients == 2


NOBODY = {
    "none()": lambda: Person.objects.none(),
    "an empty list": list,
    "a queryset without a match": lambda: Person.objects.filter(username="mallory"),
    "a slice of nothing": lambda: Person.objects.all()[:0],
    "ids in nothing": lambda: Person.objects.filter(pk__in=[]),
    "only nobodies": lambda: [None, AnonymousUser()],
}


@pytest.mark.usefixtures("organisation")
@pytest.mark.parametrize("audience", NOBODY.values(), ids=NOBODY)
def test_nobody_is_an_audience_too(audience: Callable[[], Any], declare: Declare) -> None:
    declare(audience)
    fan_out(published(Unheard()))
    assert not NotifiableEvent.objects.exists()
    assert not NotificationBatch.objects.exists()


@pytest.mark.usefixtures("organisation")
def test_a_queryset_of_anything_else_is_refused_by_the_notifiers_name(declare: Declare) -> None:
    declare(roles)
    with pytest.raises(
        TypeError, match=r"own\.Listener\.audience\(\) returned a queryset of OrganisationRole, not of Person"
    ):
        fan_out(published(Unheard()))


@pytest.mark.usefixtures("organisation")
def test_a_list_of_anything_else_is_refused_too(declare: Declare) -> None:
    declare(lambda: list(roles()))
    with pytest.raises(TypeError, match=r"own\.Listener"):
        fan_out(published(Unheard()))


@pytest.mark.parametrize("audience", [lambda: None, lambda: Person(pk=1), lambda: 7])
def test_what_is_no_audience_at_all_is_refused_by_the_notifiers_name(
    audience: Callable[[], Any], declare: Declare
) -> None:
    declare(audience)
    with pytest.raises(TypeError, match=r"own\.Listener"):
        fan_out(published(Unheard()))


def test_an_audience_is_not_loaded(declare: Declare) -> None:
    make_people(3)
    audience = Person.objects.filter(username__startswith="person")
    declare(lambda: audience)
    fan_out(published(Unheard()))
    assert audience._result_cache is None


def test_a_second_run_adds_nobody(alice: Person, bob: Person) -> None:
    event = published(Told(people=[alice.pk, bob.pk]))
    fan_out(event)
    before = [*NotifiableEvent.objects.values(), *NotificationBatch.objects.values()]
    fan_out(event)
    assert [*NotifiableEvent.objects.values(), *NotificationBatch.objects.values()] == before
    assert AppNotification.objects.count() == 2


def test_a_second_run_adds_who_has_come_since(declare: Declare, alice: Person) -> None:
    declare(lambda: Person.objects.all())
    event = published(Unheard())
    fan_out(event)
    late = make_person("late")
    fan_out(event)
    assert concerned() == [alice.pk, late.pk]
    assert list(NotificationBatch.objects.order_by("id").values_list("recipients", flat=True)) == [1, 1]


def test_a_replay_adds_nobody(alice: Person, bob: Person) -> None:
    log = event_bus.publish(Told(people=[alice.pk, bob.pk]))
    drain()
    plan = replay(EventLog.objects.filter(pk=log.pk), notifiers=True)
    assert plan.handlers == ("engagement.fan_out",)
    assert drain() == 1
    assert HandlerRun.objects.get(event=log).state == "succeeded"
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 2
    assert NotificationBatch.objects.count() == 1


def test_a_replay_leaves_the_notifiers_out_unless_asked(alice: Person) -> None:
    log = event_bus.publish(Told(people=[alice.pk]))
    drain()
    assert replay(EventLog.objects.filter(pk=log.pk)).runs == 0


def test_a_replay_of_many_batches_adds_nobody() -> None:
    make_people(2_100)
    log = event_bus.publish(ToldEverybody())
    drain(seconds=60)
    replay(EventLog.objects.filter(pk=log.pk), notifiers=True)
    drain(seconds=60)
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 2_100
    assert NotificationBatch.objects.count() == 3


def test_a_person_goes_to_the_first_notifier_that_chooses_them(
    declare: Declare, alice: Person, bob: Person, carol: Person
) -> None:
    declare(lambda: [bob], "First")
    declare(lambda: [alice, bob], "Second")
    declare(lambda: Person.objects.all(), "Third")
    fan_out(published(Unheard()))
    assert dict(NotifiableEvent.objects.values_list("person__username", "notifier")) == {
        "bob": "own.First",
        "alice": "own.Second",
        "carol": "own.Third",
    }
    assert dict(NotificationBatch.objects.values_list("notifier", "recipients")) == {
        "own.First": 1,
        "own.Second": 1,
        "own.Third": 1,
    }


def test_each_notifier_has_its_own_retention(declare: Declare, alice: Person, bob: Person) -> None:
    declare(lambda: [alice], "Usual")
    declare(lambda: [bob], "Brief", retention=timedelta(minutes=5))
    fan_out(published(Unheard()))
    for person, retention in ((alice, timedelta(hours=72)), (bob, timedelta(minutes=5))):
        for model in (NotifiableEvent, AppNotification):
            kept = model.objects.get(person=person).delete_at - timezone.now()
            assert timedelta(0) < retention - kept < timedelta(minutes=1)


def test_the_actor_is_concerned_too_so_that_the_skip_has_a_reason(alice: Person, bob: Person) -> None:
    fan_out(published(Told(people=[alice.pk, bob.pk]), actor=alice))
    assert outcomes_of(alice)["app"] == "skipped: own act"
    assert outcomes_of(bob)["app"] == "created: default"


def test_a_notifier_that_fails_takes_back_what_those_before_it_did(declare: Declare, alice: Person) -> None:
    def explode() -> list[int]:
        raise ValueError("There is no such list.")

    declare(lambda: [alice], "First")
    declare(explode, "Second")
    event = published(Unheard())
    with pytest.raises(ValueError, match="no such list"), transaction.atomic():
        fan_out(event)
    assert not NotifiableEvent.objects.exists()
    assert not AppNotification.objects.exists()


def test_an_event_type_without_notifiers_concerns_nobody(alice: Person) -> None:
    fan_out(published(Unheard()))
    assert not NotifiableEvent.objects.exists()


@pytest.mark.usefixtures("organisation")
def test_an_audience_is_asked_anew_when_the_event_is_handled() -> None:
    log = event_bus.publish(ToldEverybody())
    late = make_person("late")
    drain()
    assert NotifiableEvent.objects.filter(event_log=log, person=late).exists()


@pytest.mark.django_db(transaction=True)
def test_runs_at_the_same_time_concern_nobody_twice() -> None:
    people, start, failed = make_people(60), threading.Barrier(4), []
    event = published(Told(people=people))

    def run() -> None:
        start.wait(10)
        try:
            with transaction.atomic():
                fan_out(event)
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert concerned() == sorted(people)
    assert AppNotification.objects.count() == 60
    assert sum(NotificationBatch.objects.values_list("recipients", flat=True)) == 60


@pytest.mark.parametrize("junk", [b"\x01\x02", {1: 2}, [1.9], [True]])
def test_what_only_looks_like_primary_keys_is_refused(declare: Declare, junk: Any) -> None:
    declare(lambda: junk)
    with pytest.raises(TypeError, match=r"own\.Listener\.audience\(\) returned"):
        fan_out(published(Unheard()))
    assert not NotifiableEvent.objects.exists()


def test_a_notifier_that_sees_no_point_leaves_it_to_the_others(declare: Declare, alice: Person) -> None:
    def pointless() -> list[int]:
        raise Cancel("There is none.")

    declare(pointless, "First")
    declare(lambda: [alice.pk], "Second")
    fan_out(published(Unheard()))
    assert NotifiableEvent.objects.get().notifier == "own.Second"


def test_if_all_of_them_see_no_point_the_run_is_cancelled(declare: Declare) -> None:
    def pointless() -> list[int]:
        raise Cancel("There is none.")

    declare(pointless, "First")
    declare(pointless, "Second")
    with pytest.raises(Cancel, match="There is none"):
        fan_out(published(Unheard()))
