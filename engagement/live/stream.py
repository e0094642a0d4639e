"""What a client is sent: the state, then what changes, until it is time to log in anew."""

import asyncio
import random
from collections.abc import AsyncIterator

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections

from engagement.live.client import Client
from engagement.live.hub import Hub

#: After so many seconds without news a comment is sent.
SILENCE = 15.0
#: After so many seconds a stream ends, and whoever comes again is asked again who they are. A tenth less at random,
#: or those who came together would for ever come together.
LONGEST = 900.0
#: After how many milliseconds an EventSource comes again.
RETRY = b"retry: 1000\n\n"


async def stream(hub: Hub, person: str, session: str) -> AsyncIterator[bytes]:
    """Yield what is sent. Meanwhile it holds neither a database connection nor a thread."""
    await _give_back()
    client = Client(person, session)
    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST * random.uniform(0.9, 1)
    hub.join(client)
    try:
        yield RETRY
        while (left := end - loop.time()) > 0:
            message = await client.next(min(left, SILENCE))
            if message is None:
                return
            yield message
    finally:
        hub.leave(client)


async def _give_back() -> None:
    """Give back what the request has needed so far: Django does it when a response ends, and this one is long.

    Each request has a thread of its own for what is synchronous, with a database connection. The thread is looked for
    where asgiref keeps it; if a new version should keep it elsewhere, it stays, at the cost of some memory.
    """
    await sync_to_async(connections.close_all)()
    context = SyncToAsync.thread_sensitive_context.get(None)
    thread = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if thread is not None:
        thread.shutdown(wait=False)
