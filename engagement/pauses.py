"""Channels are paused, by operators or because their provider says so, and resumed; what is owed waits meanwhile."""

import logging

from engagement.models import ChannelPause, Delivery
from engagement.models.channel_pause import REASON_LENGTH
from events import queue
from events.sql import execute, storable

logger = logging.getLogger(__name__)

#: Nobody means more than a year.
MOST_MINUTES = 60 * 24 * 365

#: What an operator says counts; what a provider does only if it is for longer, and not against an operator.
#: Parameters: channel, seconds (NULL: until it is resumed), reason, whether an operator says so.
PAUSE = """
    INSERT INTO engagement_channelpause AS pause (channel, until, reason, is_by_hand)
    VALUES (%s, statement_timestamp() + %s * interval '1 second', %s, %s)
    ON CONFLICT (channel) DO UPDATE
       SET since = CASE WHEN pause.until <= statement_timestamp() THEN statement_timestamp() ELSE pause.since END,
           until = excluded.until, reason = excluded.reason, is_by_hand = excluded.is_by_hand
     WHERE excluded.is_by_hand OR pause.until <= statement_timestamp()
        OR (NOT pause.is_by_hand AND excluded.until > pause.until)"""


def pause(channel: str, reason: str, *, seconds: float | None = None, by_hand: bool = False) -> None:
    """Send nothing on a channel for so many seconds; None: until it is resumed. Operators find it in the log."""
    execute(PAUSE, [channel, seconds, storable(reason)[:REASON_LENGTH], by_hand])
    how_long = "until it is resumed" if seconds is None else f"for {seconds:.0f} s"
    level = logging.INFO if by_hand else logging.ERROR
    logger.log(level, "Nothing is sent by %s %s: see the paused channels.", channel, how_long)


def resume(channel: str) -> bool:
    """Send again on a channel, from now on; return False if it was not paused."""
    gone, _by_model = ChannelPause.objects.filter(channel=channel).delete()
    if gone:
        logger.info("Messages are sent by %s again.", channel)
        queue.wake_on_commit(Delivery.lane)
    return bool(gone)


def paused() -> dict[str, ChannelPause]:
    """Return the pauses that are in force, by channel."""
    return {pause.channel: pause for pause in ChannelPause.in_force()}
