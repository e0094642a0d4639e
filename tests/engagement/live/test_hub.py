"""Who is connected gets everything: whatever happens in whatever order, in the end they know what there is."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capabilities.people.models import Person
from engagement.announce import rows_written
from engagement.live.client import MOST_BYTES, MOST_MESSAGES, STILL_HERE, Client
from engagement.live.hub import Hub
from engagement.models import AppNotification, NotifiableEvent
from events.sql import execute
from tests.conftest import make_person
from tests.threads import side_by_side

LONGEST = 10.0


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of its own, as a web process does."""
    asyncio.run(main)


class Page:
    """A client that keeps what it is sent, as pages do."""

    def __init__(self, hub: Hub, person: Person) -> None:
        self.client = Client(str(person.pk))
        self.rows: dict[int, bool] = {}
        self.badge = ""
        hub.join(self.client)

    async def read(self, patience: float = 0.05) -> None:
        """Take what is there."""
        for text in ((await self.client.next(patience)) or b"").decode().split("\n\n"):
            name, _, data = text.partition("\ndata: ")
            if data:
                self._apply(name, json.loads(data))

    def _apply(self, name: str, data: dict[str, Any]) -> None:
        if name == "event: state":
            self.rows.clear()
        self.rows |= {row["id"]: row["read"] for row in data.get("notifications", [])}
        for pk in data.get("ids", []):
            self.rows.pop(pk, None)
        self.badge = data["badge"]

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Read until it is so."""
        async with asyncio.timeout(LONGEST):
            while not await condition():
                await self.read()


@asynccontextmanager
async def running() -> AsyncIterator[Hub]:
    """A hub, stopped in the end."""
    hub = Hub()
    try:
        yield hub
    finally:
        task = hub._task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def notify(person: Person) -> int:
    """Put a notification into the inbox as a batch does; return its id."""
    event = NotifiableEvent.objects.create(person=person, event_type="test.told")
    row = AppNotification.objects.create(event=event, person=person, event_type="test.told", category="test")
    rows_written(None, [event.pk])
    return row.pk


def act(person: Person, name: str, at: int) -> None:
    """Change the inbox in one of these ways."""
    rows = list(AppNotification.objects.of(person).order_by("pk"))
    row = rows[at % len(rows)] if rows else None
    match name:
        case "tell":
            notify(person)
        case "read" if row:
            row.mark_as_read()
        case "unread" if row:
            AppNotification.objects.filter(pk=row.pk).mark_unread()
        case "withdraw" if row:
            AppNotification.objects.filter(pk=row.pk).update(about=f"kite:{row.pk}")
            from engagement.notifier import retract

            retract(f"kite:{row.pk}")


ACTS = st.lists(
    st.tuples(st.sampled_from(["tell", "tell", "read", "unread", "withdraw", "join"]), st.integers(0, 20)),
    max_size=12,
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_happens_while_pages_are_opened_all_end_with_what_there_is(
    acts: list[tuple[str, int]],
) -> None:
    execute("DELETE FROM engagement_appnotification")
    person = Person.objects.filter(username="alice").first() or make_person("alice")

    async def main() -> None:
        async with running() as hub:
            pages = [Page(hub, person)]
            for name, at in acts:
                if name == "join":
                    pages.append(Page(hub, person))
                else:
                    await sync_to_async(act)(person, name, at)
            there = await sync_to_async(
                lambda: dict(AppNotification.objects.of(person).values_list("pk", "is_read"))
            )()
            for page in pages:

                async def is_right(page: Page = page) -> bool:
                    return page.rows == there and page.client.has_state

                await page.until(is_right)
        await sync_to_async(connections.close_all)()

    run(main())


@pytest.mark.django_db(transaction=True)
def test_batches_that_overlap_and_are_committed_out_of_order_are_both_seen(alice: Person) -> None:
    """Ids are drawn before they are committed: what comes to light later may have the lower ones."""
    from threading import Event

    drawn, committed = Event(), Event()
    written: list[int] = []

    def early() -> None:
        from django.db import transaction

        with transaction.atomic():
            written.append(notify(alice))
            drawn.set()
            committed.wait(LONGEST)

    def late() -> None:
        drawn.wait(LONGEST)
        written.append(notify(alice))
        committed.set()

    async def main() -> None:
        async with running() as hub:
            page = Page(hub, alice)

            async def has_state() -> bool:
                return page.client.has_state

            await page.until(has_state)
            await asyncio.to_thread(side_by_side, early, late)

            async def has_both() -> bool:
                return page.rows.keys() == {*written}

            await page.until(has_both)

    run(main())
    assert written == sorted(written)
    assert connection.in_atomic_block is False


# One client


def test_a_client_for_whom_too_much_waits_is_dropped() -> None:
    async def main() -> None:
        async def stuck() -> None:
            clients.append(Client("1"))
            await asyncio.Event().wait()

        for message, count in ((b"x", MOST_MESSAGES + 1), (b"x" * (MOST_BYTES // 2), 3)):
            clients: list[Client] = []
            task = asyncio.create_task(stuck())
            await asyncio.sleep(0)
            for _ in range(count - 1):
                clients[0].offer(message)
            assert clients[0].is_open
            clients[0].offer(message)
            assert not clients[0].is_open
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()

    run(main())


def test_a_state_takes_the_place_of_all_that_waits_however_large_it_is() -> None:
    async def main() -> None:
        client = Client("1")
        client.offer(b"old")
        client.begin(b"x" * MOST_BYTES * 2)
        assert client.is_open
        assert await client.next(1) == b"x" * MOST_BYTES * 2

    run(main())


def test_a_client_gets_all_that_waits_at_once_then_comments_and_at_last_the_end() -> None:
    async def main() -> None:
        client = Client("1")
        client.offer(b"one ")
        client.offer(b"two")
        assert await client.next(1) == b"one two"
        assert await client.next(0.01) == STILL_HERE
        client.offer(b"three")
        client.end()
        assert await client.next(1) is None

    run(main())
