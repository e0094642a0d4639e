"""Hear what is announced, on one connection of this process, and get it back when it is lost."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from engagement.announce import CHANNEL
from events.conf import conf
from events.sql import LOST_DATABASE

logger = logging.getLogger(__name__)

#: Seconds until the first try to connect again, doubled with each that fails, up to the second number.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
#: What Django sets for its own kind of connections.
NOT_OURS = {"cursor_factory", "context", "prepare_threshold"}


async def listen(hear: Callable[[str], object], begin: Callable[[], object]) -> None:
    """Call `hear` with each payload, until cancelled.

    `begin` is called whenever we have begun to listen, at first and after a loss: what happened before may have been
    missed.
    """
    failures = 0
    while True:
        try:
            async with await _connect() as own:
                await own.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                failures = 0
                begin()
                async for notify in own.notifies():
                    hear(notify.payload)
        except LOST_DATABASE as error:
            pause = pause_after(failures)
            logger.warning(
                "The live inbox has lost the database, and tries again in %.1f s: %s", pause, error
            )
            failures += 1
            await asyncio.sleep(pause)


def pause_after(failures: int) -> float:
    """Return how long to wait after a loss, in seconds, with jitter: other processes have lost it as well."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1)


async def _connect() -> "psycopg.AsyncConnection[Any]":
    if conf.listen_dsn:
        return await psycopg.AsyncConnection.connect(conf.listen_dsn, autocommit=True)
    known = await asyncio.to_thread(_parameters)
    return await psycopg.AsyncConnection.connect(**known, autocommit=True)


def _parameters() -> dict[str, Any]:
    """Return how Django connects. Asked in a thread: an embedded server may have to be started first."""
    given = connection.get_connection_params()
    return {name: value for name, value in given.items() if name not in NOT_OURS}
