"""When something that waits is due, in a person's own time; pure.

A time of day that does not exist (the clock is put forward) is as far after midnight as if it did; of one that there
is twice (the clock is put back), the first is meant.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

HOUR = timedelta(hours=1)


def next_hour(now: datetime, zone: tzinfo) -> datetime:
    """Return when the next full hour begins, which is not the same everywhere: Kathmandu is 5:45 ahead of UTC."""
    local = now.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now.astimezone(UTC) - past + HOUR


def next_time(now: datetime, moment: time, zone: tzinfo) -> datetime:
    """Return when it is next so late: today, or else tomorrow."""
    today = now.astimezone(zone).date()
    return next(found for day in range(3) if (found := _at(today + timedelta(days=day), moment, zone)) > now)


def _at(day: date, moment: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, moment, zone).astimezone(UTC)
