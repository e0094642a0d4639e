"""Deliveries as a machine: whatever happens in whatever order, nothing is sent twice, held for ever or lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from capabilities.people.models import Person
from engagement import deliver_sql, digest, digest_sql, outbox_sql, retract
from engagement.channels import channel_of
from engagement.channels.base import Sent
from engagement.models import TERMINAL, Delivery, DeliveryAttempt
from engagement.recheck import Recheck
from events.bus import RetryLater
from events.sql import execute
from events.work import LeaseLost
from tests.engagement.mails import mail_to

ABOUT = st.sampled_from(["kite:1", "kite:2"])


class Mails(RuleBasedStateMachine):
    """Those who tell, workers that finish or vanish, time that passes, and second thoughts."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        DeliveryAttempt.objects.all().delete()
        Delivery.objects.all().delete()
        self.people = list(Person.objects.order_by("pk"))
        self.told: set[int] = set()
        self.over: dict[int, str] = {}

    @rule(number=st.integers(0, 1), about=ABOUT, count=st.integers(1, 3))
    def plan(self, number: int, about: str, count: int) -> None:
        """Tell somebody at once."""
        person = self.people[number]
        self.told |= {mail_to(person, state="pending", about=about).pk for _ in range(count)}

    @rule(number=st.integers(0, 1), about=ABOUT)
    def hold(self, number: int, about: str) -> None:
        """Tell somebody in a digest."""
        person = self.people[number]
        self.told.add(mail_to(person, state="held", wait="hourly digest", about=about).pk)
        outbox_sql.open_digests(digest_sql.LEFT, [person.pk, "email"], channel_of("email"))

    @rule(target=claims, limit=st.integers(1, 5))
    def claim(self, limit: int) -> Any:
        """Claim some of what is due."""
        claimed = Delivery.claim(limit)
        order = [(each.priority, each.available_at, each.pk) for each in claimed]
        assert order == sorted(order)
        assert not {each.pk for each in claimed} & self.over.keys()
        return multiple(*claimed)

    @rule(work=consumes(claims))
    def succeed(self, work: Delivery) -> None:
        """Let the far end take one: that is so whoever holds it by now, unless it is over."""
        if work.is_digest and not self._gathered(work):
            return
        before = Delivery.objects.get(pk=work.pk)
        deliver_sql.record_success(work, Sent("250 Ok"), is_secret=False)
        after = Delivery.objects.get(pk=work.pk)
        if before.finished_at is None:
            assert (after.state, after.lease_token, after.is_sent) == ("succeeded", None, True)
        else:
            assert (after.state, after.sent_at) == (before.state, before.sent_at)

    def _gathered(self, work: Delivery) -> bool:
        """Close a digest; tell whether that could be done."""
        mine = self._is_mine(work)
        try:
            digest.gather(work, Recheck([work]).verdict(work))
        except LeaseLost:
            assert not mine
            return False
        except RetryLater:
            work.postpone(10, "There was one a moment ago.")
            return False
        assert mine, "somebody else may be building it"
        return True

    def _is_mine(self, work: Delivery) -> bool:
        return Delivery.objects.get(pk=work.pk).lease_token == work.lease_token

    def _end(self, work: Delivery, verb: Callable[[], Any]) -> None:
        """Do what only the holder of the lease may."""
        before, mine = Delivery.objects.get(pk=work.pk), self._is_mine(work)
        verb()
        after = Delivery.objects.get(pk=work.pk)
        if mine:
            assert after.lease_token is None
        else:
            assert (after.state, after.lease_token) == (before.state, before.lease_token)

    @rule(work=consumes(claims))
    def fail(self, work: Delivery) -> None:
        """Let one fail."""
        self._end(work, lambda: work.fail("It broke."))

    @rule(work=consumes(claims))
    def give_up(self, work: Delivery) -> None:
        """Let one be refused for good."""
        self._end(work, lambda: work.give_up("No such user"))

    @rule(work=consumes(claims))
    def skip(self, work: Delivery) -> None:
        """Decide that one is not sent; a digest with all that is held for it."""
        if not work.is_digest:
            self._end(work, lambda: deliver_sql.skip(work, "skipped: default", is_secret=False))
        elif self._is_mine(work):
            digest.drop(work, "skipped: default")
            deliver_sql.skip(work, "skipped: default", is_secret=False)

    @rule(work=claims)
    def release(self, work: Delivery) -> None:
        """Give back a whole claim."""
        Delivery.release(work.lease_token)

    @rule(work=claims, end=st.sampled_from(["nothing", "give_up", "succeed", "skip"]))
    def overtake(self, work: Delivery, end: str) -> None:
        """Let the lease of one run out, and somebody else take it; who had it does not know."""
        Delivery.release(work.lease_token)
        for other in Delivery.claim(1, "work.id = %s", [work.pk]):
            if end != "nothing":
                getattr(self, end)(other)

    @rule(about=ABOUT)
    def retract(self, about: str) -> None:
        """Call off what is said about an object, but for what is being sent at this moment."""
        retract._call_off(about)
        assert set(
            Delivery.objects.filter(about=about, finished_at=None).values_list("state", flat=True)
        ) <= {"running"}

    @rule()
    def let_leases_run_out(self) -> None:
        """Let all workers vanish."""
        execute("UPDATE engagement_delivery SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        Delivery.expire()
        assert not Delivery.objects.filter(state="running").exists()

    @rule()
    def pass_time(self) -> None:
        """Let everything be due, and every digest be long ago."""
        execute(
            "UPDATE engagement_delivery SET available_at = statement_timestamp() WHERE finished_at IS NULL"
        )
        execute("UPDATE engagement_delivery SET sent_at = sent_at - interval '1 hour' WHERE is_digest")

    @rule()
    def requeue(self) -> None:
        """Give what was not sent another chance."""
        again = Delivery.objects.exclude(state="succeeded").filter(finished_at__isnull=False)
        for pk in again.values_list("pk", flat=True):
            self.over.pop(pk, None)
        Delivery.objects.all().requeue()

    def teardown(self) -> None:
        """Nobody fails any more: everything ends, and what was held is in a digest."""
        self.requeue()
        for _ in range(4):
            self.let_leases_run_out()
            self.pass_time()
            for work in Delivery.claim(100):
                self.succeed(work)
        assert not Delivery.objects.filter(finished_at=None).exists()
        told = Delivery.objects.filter(pk__in=self.told)
        assert not told.filter(state="succeeded", sent_at=None, digest=None).exists()

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each message is there, in one state; only what is running has a lease."""
        assert set(Delivery.objects.filter(is_digest=False).values_list("pk", flat=True)) == self.told

    @invariant()
    def what_is_over_stays_so(self) -> None:
        """Nothing that has ended begins again by itself; what was gathered may still be left out."""
        now = dict(Delivery.objects.filter(state__in=TERMINAL).values_list("pk", "state"))
        assert all(now[pk] in {state, "skipped"} for pk, state in self.over.items()), (now, self.over)
        self.over = now

    @invariant()
    def what_is_held_has_a_digest_to_go_into(self) -> None:
        """An open one; or one that is dead, and takes it when it is requeued."""
        for person in {each.person for each in Delivery.objects.filter(state="held")}:
            digests = Delivery.objects.filter(person=person, is_digest=True)
            waiting = digests.filter(finished_at=None) | digests.filter(state="dead")
            assert any(each.gathered_at is None or not each.items.exists() for each in waiting)

    @invariant()
    def what_is_in_a_digest_is_in_a_closed_one_of_its_person(self) -> None:
        """Nothing is in a digest that is still open, or in somebody else's."""
        for item in Delivery.objects.exclude(digest=None).select_related("digest"):
            assert item.digest is not None
            assert item.digest.gathered_at is not None
            assert (item.digest.person_id, item.state) == (item.person_id, "succeeded")


@pytest.mark.django_db
@pytest.mark.usefixtures("server", "alice", "bob")
def test_the_machine_keeps_its_promises() -> None:
    assert get_user_model().objects.count() == 2
    run_state_machine_as_test(
        Mails,
        settings=settings(
            max_examples=25,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
