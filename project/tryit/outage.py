"""Far ends that are out of order for a while, so that one can watch how the pipeline goes on all the same."""

import time
from contextlib import suppress

from django.conf import settings

from project.tryit.store import folder, write

#: What can be stopped, by channel, and what to call it.
FAR_ENDS = {"email": "the mail server", "push": "the push gateway", "webhook": "the receiver of webhooks"}
SECONDS = 30
#: What a far end says meanwhile.
SAID = "Out of order, for the sake of the demo."


def stop(channel: str) -> None:
    """Let a far end refuse everything for half a minute."""
    write(folder("stopped") / channel, str(time.time() + SECONDS))


def start(channel: str) -> None:
    """Let it take everything again."""
    (folder("stopped") / channel).unlink(missing_ok=True)


def seconds_left(channel: str) -> int:
    """Return for how long it is yet out of order; 0 if it is not."""
    if not settings.TRYIT:
        return 0
    with suppress(FileNotFoundError):
        until = float((folder("stopped") / channel).read_text(encoding="utf-8"))
        return max(0, round(until - time.time()))
    return 0
