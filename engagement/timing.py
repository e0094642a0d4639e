"""When something that waits is due, in a person's own time; pure.

A time of day that does not exist (the clock is put forward) is as far after midnight as if it did; of one that there
is twice (the clock is put back), the first is meant.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

HOUR = timedelta(hours=1)
#: By a multiple of this every zone differs from UTC nowadays.
QUARTER = timedelta(minutes=15)
#: From one full hour to the next there are six at the most: where the clock is put back by half an hour.
QUARTERS = 8
#: What a span is counted in, the largest first.
UNITS = {"hour": HOUR, "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}


def counted(span: timedelta) -> tuple[float, str]:
    """Return a span as people count it: 10 and "minute", 1.5 and "second"."""
    unit = next((name for name, length in UNITS.items() if span and not span % length), "second")
    return span / UNITS[unit], unit


def next_hour(now: datetime, zone: tzinfo) -> datetime:
    """Return when the next full hour begins, which is not the same everywhere: Kathmandu is 5:45 ahead of UTC."""
    utc = now.astimezone(UTC)
    quarter = utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)
    following = (quarter + number * QUARTER for number in range(1, QUARTERS + 1))
    return next(found for found in following if found.astimezone(zone).minute == 0)


def next_time(now: datetime, moment: time, zone: tzinfo) -> datetime:
    """Return when it is next so late: today, or else tomorrow."""
    return next(found for day in _days(now, zone) if (found := _at(day, moment, zone)) > now)


def next_end(now: datetime, moment: time, zone: tzinfo) -> datetime:
    """Return when hours end that are on now and end at this time of day, such as quiet ones.

    Where the clock is put back they may be on again, and end a second time: then, rather than on the next day.
    """
    both = (at(day, moment, zone) for day in _days(now, zone) for at in (_at, _at_last))
    return next(found for found in both if found > now)


def _days(now: datetime, zone: tzinfo) -> Iterator[date]:
    """Yield the days to look at.

    What does not exist yesterday may be today, if the clock is put forward over midnight; and tomorrow may have begun
    before, if it is put back over midnight.
    """
    today = now.astimezone(zone).date()
    for number in (-1, 0, 1, 2):
        yield today + timedelta(days=number)


def _at(day: date, moment: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, moment, zone).astimezone(UTC)


def _at_last(day: date, moment: time, zone: tzinfo) -> datetime:
    """Of a time that does not exist, the second reading would be the earlier: an hour before, as it were."""
    return max(_at(day, moment, zone), _at(day, moment.replace(fold=1), zone))
