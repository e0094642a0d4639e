"""Threads that are kept for a while."""

import threading

import pytest

from events import hands as module
from events.hands import Hands
from tests.cluster import run_python
from tests.polling import eventually


@pytest.fixture
def hands() -> Hands:
    """Return some of the test's own."""
    return Hands()


def test_a_job_is_done_by_another_thread(hands: Hands) -> None:
    assert hands.submit(threading.get_ident).result(5) != threading.get_ident()
    hands.close()


def test_what_goes_wrong_is_told_to_who_waits_for_it(hands: Hands) -> None:
    def job() -> int:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        hands.submit(job).result(5)
    assert hands.submit(lambda: 7).result(5) == 7
    hands.close()


def test_there_are_as_many_as_jobs_at_a_time(hands: Hands) -> None:
    together = threading.Barrier(4, timeout=10)
    futures = [hands.submit(lambda: together.wait() and 0) for _ in range(4)]
    assert [future.result(10) for future in futures] == [0] * 4
    eventually(lambda: hands._idle == 4, what="all are idle")
    futures = [hands.submit(lambda: together.wait() and 0) for _ in range(4)]
    assert [future.result(10) for future in futures] == [0] * 4
    assert len(hands._threads) == 4
    hands.close()
    assert not hands._threads


def test_who_has_nothing_to_do_for_a_while_goes(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 0.05)
    for number in range(20):
        assert hands.submit(lambda: number).result(5) == number  # noqa: B023 - called before the next
        eventually(lambda: not hands._threads, what="the thread has ended")


def test_a_forked_process_has_its_own() -> None:
    program = """
import os, sys
from events.hands import hands
before = hands()
assert before.submit(lambda: 1).result(5) == 1
before.close()
child = os.fork()
if not child:
    os._exit(0 if hands() is not before and hands().submit(lambda: 42).result(5) == 42 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run_python(f"exec({program!r})") == "0"
