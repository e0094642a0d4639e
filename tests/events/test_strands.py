"""Strands: what is slow in one of them holds up no other."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from capabilities.people.models import Person
from engagement import deliver_sql, pauses
from engagement.channels.base import Sent
from engagement.models import ChannelPause, Delivery
from events import rests, work
from events.bus import Unavailable, Unreachable
from events.drain import do_now, drain
from events.hands import hands
from events.sql import fetch
from events.watchdog import first_in_line
from events.work import seconds_until_due
from tests.polling import eventually

pytestmark = pytest.mark.django_db(transaction=True)

Step = Callable[[Delivery], None]
Performed = Callable[[Step], None]
#: Longer than any test waits for anything.
LONG = 20


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> Performed:
    """Return a function that says what doing a Delivery means during the test; nothing surrounds its turn."""
    turns: Any = work._turns
    steps: Any = work._steps
    monkeypatch.delitem(turns, Delivery)
    return lambda step: monkeypatch.setitem(steps, Delivery, step)


def owe(person: Person, channel: str, number: int = 1) -> list[Delivery]:
    """Return so many messages by a channel that are due."""
    first = Delivery.objects.count()
    return [
        Delivery.objects.create(
            person=person,
            channel=channel,
            is_digest=True,
            gathered_at="2026-11-28T12:00Z",
            message_id=f"<{first + each}@host>",
        )
        for each in range(number)
    ]


def succeed(delivery: Delivery) -> None:
    """Do what a step does when the far end has said yes."""
    deliver_sql.record_success(delivery, Sent("200 OK"), is_secret=False)


def states(channel: str) -> list[str]:
    """Return the states of the messages by a channel."""
    return [*Delivery.objects.filter(channel=channel).order_by("pk").values_list("state", flat=True)]


def test_a_slow_strand_holds_up_no_other(alice: Person, performed: Performed) -> None:
    sent = threading.Event()

    def step(delivery: Delivery) -> None:
        if delivery.channel == "email":
            assert sent.wait(LONG), "the text message waits for the mail"
        else:
            sent.set()
        succeed(delivery)

    performed(step)
    owe(alice, "email")
    owe(alice, "sms")
    assert drain("delivery") == 2
    assert (states("email"), states("sms")) == (["succeeded"], ["succeeded"])


def test_what_becomes_due_meanwhile_is_done_meanwhile(alice: Person, performed: Performed) -> None:
    sent = threading.Event()

    def step(delivery: Delivery) -> None:
        if delivery.channel == "email":
            owe(alice, "sms")
            assert sent.wait(LONG), "nobody has looked for the text message"
        else:
            sent.set()
        succeed(delivery)

    performed(step)
    owe(alice, "email")
    assert drain("delivery") == 2


def test_after_the_turn_the_others_go_on_while_one_finishes(alice: Person, performed: Performed) -> None:
    sent = threading.Event()

    def step(delivery: Delivery) -> None:
        if delivery.channel == "email":
            time.sleep(0.3)
            owe(alice, "sms")
            assert sent.wait(LONG), "the turn was over for everybody"
        else:
            sent.set()
        succeed(delivery)

    performed(step)
    owe(alice, "email", 2)
    assert drain("delivery", seconds=0.1) == 2
    assert states("email") == ["succeeded", "pending"], "a turn is a turn"


def test_what_is_on_its_way_is_recorded_though_the_one_who_waits_for_it_has_lost_the_database(
    alice: Person, performed: Performed
) -> None:
    """Whoever drains may end its process next, and then it would be sent again."""
    [[pid]] = fetch("SELECT pg_backend_pid()")

    def step(delivery: Delivery) -> None:
        fetch("SELECT pg_terminate_backend(%s)", [pid])
        time.sleep(0.5)
        succeed(delivery)

    performed(step)
    owe(alice, "email")
    assert drain("delivery") == 0
    assert states("email") == ["succeeded"]


def test_a_drain_in_the_thread_of_a_strand_does_nothing(alice: Person, performed: Performed) -> None:
    """Else each would start more threads, and each of those again."""
    inner: list[int] = []

    def step(delivery: Delivery) -> None:
        inner.append(drain("delivery"))
        succeed(delivery)

    performed(step)
    owe(alice, "email", 3)
    owe(alice, "sms", 3)
    assert (drain("delivery"), set(inner)) == (6, {0})


def test_a_slow_strand_of_several_threads_gets_no_more_of_them_after_its_turn(
    alice: Person, performed: Performed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "threads", classmethod(lambda cls, strand: 2))
    begun, go_on = [], threading.Event()

    def step(delivery: Delivery) -> None:
        begun.append(delivery.channel)
        if len(begun) == 1:
            assert go_on.wait(LONG)
        else:
            # Each other piece takes as long as the turn: the next would begin after it.
            time.sleep(0.3)
            go_on.set()
        succeed(delivery)

    performed(step)
    owe(alice, "webhook", 6)
    drain("delivery", seconds=0.2)
    assert len(begun) <= 3


def test_a_strand_gets_as_many_threads_as_it_may_have(
    alice: Person, performed: Performed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "threads", classmethod(lambda cls, strand: 3))
    lock, under_way, most = threading.Lock(), 0, 0

    def step(delivery: Delivery) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.1)
        with lock:
            under_way -= 1
        succeed(delivery)

    performed(step)
    owe(alice, "push", 20)
    assert drain("delivery", seconds=LONG) == 20
    assert most == 3


def test_only_the_strand_rests_in_which_nobody_can_be_reached(
    alice: Person, performed: Performed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rests, "RESTS", (LONG,))

    def step(delivery: Delivery) -> None:
        if delivery.channel == "email":
            raise Unreachable("Connection refused")
        succeed(delivery)

    performed(step)
    owe(alice, "email", 3)
    owe(alice, "sms", 3)
    assert drain("delivery") == 3
    assert drain("delivery") == 0
    assert states("sms") == ["succeeded"] * 3
    assert states("email") == ["retrying", "pending", "pending"], "one has failed instead of all"
    assert set(Delivery.objects.filter(channel="email").values_list("lease_token", flat=True)) == {None}


def test_what_is_not_taken_for_a_while_has_not_failed_and_ends_the_claim(
    alice: Person, performed: Performed
) -> None:
    asked = []

    def step(delivery: Delivery) -> None:
        asked.append(delivery)
        raise Unavailable(60, "429 Too Many Requests")

    performed(step)
    owe(alice, "push", 3)
    drain("delivery", seconds=float("inf"))
    assert len(asked) == 1
    assert set(Delivery.objects.values_list("failed", flat=True)) == {0}
    assert states("push") == ["retrying", "pending", "pending"]


def test_in_a_transaction_all_is_done_by_this_thread(alice: Person, performed: Performed) -> None:
    threads = set()

    def step(delivery: Delivery) -> None:
        threads.add(threading.get_ident())
        succeed(delivery)

    performed(step)
    with transaction.atomic():
        owe(alice, "email")
        owe(alice, "sms")
        assert drain("delivery") == 2
    assert threads == {threading.get_ident()}


def test_what_is_done_at_once_on_one_channel_does_not_fail_with_another(
    alice: Person, performed: Performed
) -> None:
    def step(delivery: Delivery) -> None:
        if delivery.channel == "email":
            raise Unreachable("Connection refused")
        succeed(delivery)

    performed(step)
    owe(alice, "email")
    owe(alice, "sms")
    assert do_now(Delivery, "work.person_id = %s", [alice.pk]) == 1
    assert states("sms") == ["succeeded"]


def test_a_channel_that_this_process_does_not_know_is_looked_at_too(
    alice: Person, performed: Performed
) -> None:
    performed(succeed)
    owe(alice, "pigeon")
    assert drain("delivery") == 1


# Pauses


def test_nothing_is_claimed_on_a_paused_channel_and_nobody_is_stuck(
    alice: Person, performed: Performed
) -> None:
    performed(succeed)
    pauses.pause("email", "The provider is being changed.", by_hand=True)
    owe(alice, "email")
    assert drain("delivery") == 0
    assert do_now(Delivery, "work.person_id = %s", [alice.pk]) == 0
    assert first_in_line(["delivery"]) is None
    assert seconds_until_due("delivery") is None
    owe(alice, "sms")
    assert (drain("delivery"), states("sms")) == (1, ["succeeded"])
    assert pauses.resume("email")
    assert (drain("delivery"), states("email")) == (1, ["succeeded"])


def test_a_pause_ends_by_itself(alice: Person, performed: Performed) -> None:
    performed(succeed)
    pauses.pause("push", "429", seconds=0.3)
    owe(alice, "push")
    assert drain("delivery") == 0
    eventually(lambda: drain("delivery"), what="the pause is over")
    assert ChannelPause.objects.exists(), "operators see that there was one"


def test_of_two_pauses_by_a_provider_the_longer_counts() -> None:
    """Several threads are refused at the same time, and not all of them for as long."""
    for seconds in (600, 1):
        pauses.pause("push", f"429 for {seconds} s", seconds=seconds)
    assert ChannelPause.objects.get().reason == "429 for 600 s"
    pauses.pause("push", "An operator knows better.", seconds=1, by_hand=True)
    assert ChannelPause.objects.get().reason == "An operator knows better."


# Threads


def test_threads_and_their_connections_are_used_again(alice: Person, performed: Performed) -> None:
    seen: list[tuple[int, int]] = []

    def step(delivery: Delivery) -> None:
        succeed(delivery)
        seen.append((threading.get_ident(), connection.connection.info.backend_pid))

    hands().close()
    performed(step)
    for _ in range(3):
        owe(alice, "email")
        drain("delivery")
    assert len(set(seen)) == 1
    assert seen[0][0] != threading.get_ident()


def test_an_error_that_nobody_expects_comes_out(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("A bug")

    monkeypatch.setattr(Delivery, "claim_in", broken)
    owe(alice, "email")
    with pytest.raises(RuntimeError, match="A bug"):
        drain("delivery")
