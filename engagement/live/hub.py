"""Who is connected to this web process, and gives them what changes.

One task hears and looks up, one thing after the other: so what a client gets later is never older than what it got
before. A client is here first, and then its state is read, after we have begun to listen: so nothing falls in between.
"""

import asyncio
import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections

from engagement.live.client import Client
from engagement.live.listen import listen, pause_after
from engagement.live.look import News, look
from engagement.live.message import news_message, state_message
from engagement.live.wanted import Wanted, read_payload
from events.sql import LOST_DATABASE

logger = logging.getLogger(__name__)

#: So many streams a person may have open at a time on a web process.
MOST_STREAMS = 20
#: Seconds for which we go on to listen when the last client has left: it may just have gone to another page.
LINGER = 30.0


class Hub:
    """Of one event loop. While somebody is connected it has two database connections, however many they are."""

    def __init__(self) -> None:
        self._clients: dict[str, set[Client]] = {}
        self._wanted = Wanted()
        self._stirred = asyncio.Event()
        self._is_listening = False
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    def has_room(self, person: str) -> bool:
        """Tell whether the person may open one more."""
        return len(self._clients.get(person, ())) < MOST_STREAMS

    def join(self, client: Client) -> None:
        """Let it have the state, and everything from then on."""
        self._clients.setdefault(client.person, set()).add(client)
        self._wanted.states.add(client.person)
        self._stirred.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="carillon-live")
            self._task.add_done_callback(self._ended)

    def leave(self, client: Client) -> None:
        """Forget it."""
        others = self._clients.get(client.person, set())
        others.discard(client)
        if not others:
            self._clients.pop(client.person, None)

    async def _run(self) -> None:
        listening = asyncio.create_task(listen(self._hear, self._begin), name="carillon-live-listen")
        reader = ThreadPoolExecutor(1, "carillon-live")
        try:
            while await self._is_needed(listening):
                await self._serve(reader)
        finally:
            self._task, self._is_listening, self._wanted = None, False, Wanted()
            listening.cancel()
            reader.submit(connections.close_all)
            reader.shutdown(wait=False)

    async def _is_needed(self, listening: "asyncio.Task[None]") -> bool:
        """Return when there is something to do; with False if nobody has been here for a while."""
        while not listening.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._stirred.wait()
                return True
            if not self._clients:
                return False
        listening.result()
        return False

    async def _serve(self, reader: ThreadPoolExecutor) -> None:
        """Look up what is wanted, and hand it out."""
        self._stirred.clear()
        if not self._is_listening:
            return
        wanted, connected = self._wanted.take(), [*self._clients]
        if self._wanted:
            self._stirred.set()
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(reader, copy_context().run, _read, wanted, connected)
        except LOST_DATABASE as error:
            await self._try_again(error)
        else:
            self._failures = 0
            self._hand_out(found, wanted.renewed)

    async def _try_again(self, error: BaseException) -> None:
        """Wait a little; then everybody gets the state, for something has been missed."""
        pause = pause_after(self._failures)
        self._failures += 1
        logger.warning("The live inbox could not read, and tries again in %.1f s: %s", pause, error)
        await asyncio.sleep(pause)
        self._refresh(self._clients)

    def _hand_out(self, found: dict[str, News], renewed: set[str]) -> None:
        for person, news in found.items():
            state, changes = state_message(news), news_message(news)
            for client in tuple(self._clients.get(person, ())):
                if state and (not client.has_state or person in renewed):
                    client.begin(state)
                elif client.has_state and changes:
                    client.offer(changes)

    def _begin(self) -> None:
        """We hear everything from now on; before, we may not have."""
        self._is_listening = True
        self._refresh(self._clients)

    def _hear(self, payload: str) -> None:
        told = read_payload(payload)
        if "ended" in told:
            self._end(told)
        elif self._clients:
            self._refresh(self._wanted.add(told, self._clients))
            if self._wanted:
                self._stirred.set()

    def _end(self, told: dict[str, Any]) -> None:
        """Close the streams of a session or, if none is named, of the person."""
        for client in tuple(self._clients.get(str(told["ended"]), ())):
            if told.get("session") in {None, client.session}:
                client.end()

    def _refresh(self, people: Collection[str]) -> None:
        """Have the state of these people read, and given to all their clients."""
        self._wanted.states.update(people)
        self._wanted.renewed.update(people)
        self._stirred.set()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Close what is open if the task has failed: who comes again starts a new one."""
        if task.cancelled() or task.exception() is None:
            return
        logger.error("The live inbox has failed.", exc_info=task.exception())
        for clients in self._clients.values():
            for client in clients:
                client.end()


def _read(wanted: Wanted, connected: list[str]) -> dict[str, News]:
    """Look it up, on a connection that this thread keeps."""
    try:
        return look(wanted, connected)
    except LOST_DATABASE:
        connections.close_all()
        raise


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return that of the running loop: a web process has one."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
