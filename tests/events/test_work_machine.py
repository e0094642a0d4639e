"""LeasedWork as a machine: whatever happens in whatever order, its promises hold."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from events.bus import event_bus
from events.exceptions import LeaseLost
from events.models import EventLog, HandlerRun
from tests.events.owed import lapse_leases, make_due
from tests.probe.events import Ordered, Pinged


class Work(RuleBasedStateMachine):
    """Publishers, workers that finish or vanish, time that passes."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        HandlerRun.objects.all().delete()
        EventLog.objects.all().delete()
        self.completed: set[int] = set()
        self.counters: dict[int, tuple[int, int]] = {}

    @rule(count=st.integers(1, 4))
    def publish(self, count: int) -> None:
        """Publish events that may be handled in any order."""
        event_bus.publish_many(Pinged() for _ in range(count))

    @rule(key=st.sampled_from("ab"))
    def publish_ordered(self, key: str) -> None:
        """Publish an event of a key."""
        event_bus.publish(Ordered(key=key))

    @rule(target=claims, limit=st.integers(1, 5))
    def claim(self, limit: int) -> Any:
        """Claim some of what is due."""
        claimed = HandlerRun.claim(limit)
        order = [(run.priority, run.available_at, run.pk) for run in claimed]
        assert order == sorted(order)
        return multiple(*claimed)

    def _finish(self, run: HandlerRun, verb: Callable[[], Any]) -> None:
        before = HandlerRun.objects.get(pk=run.pk)
        mine = before.lease_token == run.lease_token
        recorded = verb()
        after = HandlerRun.objects.get(pk=run.pk)
        if mine:
            assert recorded is not None
            assert after.lease_token is None
        else:
            assert recorded is None
            assert (after.state, after.lease_token) == (before.state, before.lease_token)

    @rule(run=consumes(claims))
    def complete(self, run: HandlerRun) -> None:
        """Finish one, unless its lease was lost."""
        mine = HandlerRun.objects.get(pk=run.pk).lease_token == run.lease_token
        try:
            with transaction.atomic():
                run.complete()
        except LeaseLost:
            assert not mine
        else:
            assert mine
            assert run.pk not in self.completed, "done twice"
            self.completed.add(run.pk)

    @rule(run=consumes(claims))
    def fail(self, run: HandlerRun) -> None:
        """Let one fail."""
        self._finish(run, lambda: run.fail("It broke."))

    @rule(run=consumes(claims))
    def postpone(self, run: HandlerRun) -> None:
        """Put one off."""
        self._finish(run, lambda: run.postpone(10, "later"))

    @rule(run=consumes(claims))
    def cancel(self, run: HandlerRun) -> None:
        """Cancel one."""
        self._finish(run, lambda: run.cancel("pointless"))

    @rule(run=consumes(claims))
    def release(self, run: HandlerRun) -> None:
        """Give back a whole claim."""
        HandlerRun.release(run.lease_token)

    @rule()
    def let_leases_run_out(self) -> None:
        """Let all workers vanish."""
        lapse_leases()
        culprits = {
            token: min(
                HandlerRun.objects.filter(lease_token=token),
                key=lambda run: (run.priority, run.available_at, run.pk),
            ).pk
            for token in HandlerRun.objects.filter(state="running")
            .values_list("lease_token", flat=True)
            .distinct()
        }
        crashed = dict(HandlerRun.objects.values_list("pk", "crashed"))
        HandlerRun.expire()
        for pk, count in HandlerRun.objects.values_list("pk", "crashed"):
            assert count == crashed[pk] + (pk in culprits.values())

    @rule()
    def pass_time(self) -> None:
        """Let every backoff be over."""
        make_due()

    @rule()
    def requeue_the_dead(self) -> None:
        """Give the dead another chance."""
        for pk in HandlerRun.objects.dead().values_list("pk", flat=True):
            self.counters.pop(pk, None)
        HandlerRun.objects.dead().requeue()

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every event that has a handler has its run."""
        assert HandlerRun.objects.count() == EventLog.objects.count()

    @invariant()
    def what_was_done_stays_done(self) -> None:
        """A completed run is never due again."""
        assert not HandlerRun.objects.filter(pk__in=self.completed).exclude(state="succeeded").exists()

    @invariant()
    def counters_only_grow(self) -> None:
        """Failures and crashes are not forgotten, and the third crash ends it."""
        for run in HandlerRun.objects.all():
            failed, crashed = self.counters.get(run.pk, (0, 0))
            assert run.failed >= failed
            assert run.crashed >= crashed
            assert run.crashed < 3 or run.state == "dead"
            self.counters[run.pk] = (run.failed, run.crashed)

    @invariant()
    def of_one_key_one_runs(self) -> None:
        """Runs of one order key take turns, the earliest first."""
        for key in "ab":
            unfinished = HandlerRun.objects.filter(order_key=key, finished_at=None).order_by("id")
            assert [run.state for run in unfinished[1:]].count("running") == 0


@pytest.mark.django_db
def test_the_machine_keeps_its_promises() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Work,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
    assert True
