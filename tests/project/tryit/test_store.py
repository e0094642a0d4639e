"""What arrived is kept in files, by several processes at the same time, and not for ever."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pytest_django import Settings

from project.tryit import outage, store


def keep(number: int) -> None:
    store.keep("sms", "bob", f"msg_{number}", {"text": "x" * 10_000})


def test_the_newest_is_first() -> None:
    for number in range(3):
        keep(number)
    assert [each.message_id for each in store.kept()] == ["msg_2", "msg_1", "msg_0"]


def test_only_the_newest_are_kept(demo: Settings) -> None:
    for number in range(store.MOST + 5):
        keep(number)
    found = store.kept()
    assert len(found) == store.MOST
    assert found[0].message_id == f"msg_{store.MOST + 4}"
    assert not list(Path(demo.TRYIT or "", "part").iterdir())


def test_who_reads_meanwhile_never_meets_half_of_it() -> None:
    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(keep, number) for number in range(300)]
        while not all(each.done() for each in writing):
            assert all(len(each.content["text"]) == 10_000 for each in store.kept())
    assert len(store.kept()) == store.MOST


def test_what_was_stopped_goes_on_by_itself_after_half_a_minute(demo: Settings) -> None:
    outage.stop("email")
    assert 0 < outage.seconds_left("email") <= outage.SECONDS
    store.write(store.folder("stopped") / "email", "1.0")
    assert outage.seconds_left("email") == 0


def test_outside_the_demo_nothing_is_stopped(demo: Settings) -> None:
    outage.stop("email")
    demo.TRYIT = None
    assert outage.seconds_left("email") == 0
