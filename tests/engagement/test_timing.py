"""When something that waits is due: where the clock is put forward or back, and everywhere else."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.decide import is_quiet
from engagement.timing import next_end, next_hour, next_time

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Where the clock is put back by half an hour, a full hour follows on the one before after one and a half.
LONGEST_HOUR = HOUR * 1.5
#: A day on which the clock is put back: by three hours at the most, as a station in Antarctica did.
LONGEST_DAY = DAY + 3 * HOUR

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
times_of_day = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def utc(text: str) -> datetime:
    """Return a moment out of "2026-03-29 00:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Europe/Berlin", "2026-06-01 12:10", "2026-06-01 13:00"),
        ("Europe/Berlin", "2026-06-01 12:59:59.999999", "2026-06-01 13:00"),
        # Exactly then is not later.
        ("Europe/Berlin", "2026-06-01 13:00", "2026-06-01 14:00"),
        ("Asia/Kathmandu", "2026-06-01 12:10", "2026-06-01 12:15"),
        ("Asia/Kathmandu", "2026-06-01 12:15", "2026-06-01 13:15"),
        ("Asia/Kolkata", "2026-06-01 12:31", "2026-06-01 13:30"),
        ("Pacific/Chatham", "2026-06-01 12:10", "2026-06-01 12:15"),
        # The clock is put forward: after 01:59 comes 03:00.
        ("Europe/Berlin", "2026-03-29 00:30", "2026-03-29 01:00"),
        # And back: after 02:59 comes 02:00.
        ("Europe/Berlin", "2026-10-25 00:30", "2026-10-25 01:00"),
        ("America/New_York", "2026-11-01 05:30", "2026-11-01 06:00"),
        # After 01:59 comes 01:30, which is no full hour.
        ("Australia/Lord_Howe", "2026-04-04 14:45", "2026-04-04 15:30"),
        # After 01:59 comes 02:30.
        ("Australia/Lord_Howe", "2026-10-03 15:15", "2026-10-03 16:00"),
        # After 23:29 comes 00:00.
        ("Asia/Pyongyang", "2018-05-04 14:45", "2018-05-04 15:00"),
        # After Thursday comes Saturday.
        ("Pacific/Apia", "2011-12-30 09:30", "2011-12-30 10:00"),
    ],
)
def test_the_next_full_hour_begins_where_the_person_is(zone: str, now: str, due: str) -> None:
    assert next_hour(utc(now), ZoneInfo(zone)) == utc(due)


@pytest.mark.parametrize(
    ("zone", "moment", "now", "due"),
    [
        ("Europe/Berlin", "08:00", "2026-06-01 05:59", "2026-06-01 06:00"),
        # Exactly then is not later.
        ("Europe/Berlin", "08:00", "2026-06-01 06:00", "2026-06-02 06:00"),
        ("Europe/Berlin", "08:00", "2026-06-01 06:00:00.000001", "2026-06-02 06:00"),
        ("Europe/Berlin", "00:00", "2026-06-01 21:59", "2026-06-01 22:00"),
        ("Europe/Berlin", "00:00", "2026-06-01 22:00", "2026-06-02 22:00"),
        ("Europe/Berlin", "23:00", "2026-06-01 20:59", "2026-06-01 21:00"),
        ("Europe/Berlin", "23:00", "2026-06-01 21:30", "2026-06-02 21:00"),
        ("Asia/Kathmandu", "08:00", "2026-06-01 00:00", "2026-06-01 02:15"),
        ("Pacific/Kiritimati", "00:00", "2026-06-01 09:00", "2026-06-01 10:00"),
        # As late as ever, though the day has 23 hours, or 25.
        ("Europe/Berlin", "08:00", "2026-03-28 07:00", "2026-03-29 06:00"),
        ("Europe/Berlin", "08:00", "2026-10-24 06:00", "2026-10-25 07:00"),
        ("America/New_York", "08:00", "2026-03-07 13:00", "2026-03-08 12:00"),
        ("America/New_York", "08:00", "2026-10-31 12:00", "2026-11-01 13:00"),
        # 02:30 does not exist: at 03:30.
        ("Europe/Berlin", "02:30", "2026-03-29 00:00", "2026-03-29 01:30"),
        ("Europe/Berlin", "02:30", "2026-03-29 01:10", "2026-03-29 01:30"),
        ("Europe/Berlin", "02:30", "2026-03-29 01:30", "2026-03-30 00:30"),
        ("America/New_York", "02:30", "2026-03-08 06:00", "2026-03-08 07:30"),
        ("Australia/Lord_Howe", "02:15", "2026-10-03 15:00", "2026-10-03 15:45"),
        # 02:30 exists twice: at the first, and not once more at the second.
        ("Europe/Berlin", "02:30", "2026-10-25 00:00", "2026-10-25 00:30"),
        ("Europe/Berlin", "02:30", "2026-10-25 00:30", "2026-10-26 01:30"),
        ("Europe/Berlin", "02:30", "2026-10-25 01:15", "2026-10-26 01:30"),
        ("America/New_York", "01:30", "2026-11-01 05:00", "2026-11-01 05:30"),
        ("America/New_York", "01:30", "2026-11-01 06:00", "2026-11-02 06:30"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04 14:30", "2026-04-04 14:45"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04 15:00", "2026-04-05 15:15"),
        # Midnight does not exist: after 23:59 comes 01:00.
        ("Africa/Cairo", "00:00", "2026-04-23 20:00", "2026-04-23 22:00"),
        ("Africa/Cairo", "00:30", "2026-04-23 20:00", "2026-04-23 22:30"),
        # After 23:59 comes 23:00, and a second time 23:30.
        ("Africa/Cairo", "23:30", "2026-10-29 20:00", "2026-10-29 20:30"),
        ("Africa/Cairo", "23:30", "2026-10-29 20:45", "2026-10-30 21:30"),
        ("Africa/Cairo", "00:00", "2026-10-29 20:45", "2026-10-29 22:00"),
        # After Saturday's 22:59 comes Sunday's 00:00: its 23:30 is at 00:30, also for who asks after midnight.
        ("America/Nuuk", "23:30", "2026-03-29 00:45", "2026-03-29 01:30"),
        ("America/Nuuk", "23:30", "2026-03-29 01:10", "2026-03-29 01:30"),
        # Until 2011: Sunday's 00:01 was Saturday's 23:01 again. Midnight had been.
        ("America/St_Johns", "00:00", "2010-11-07 03:00", "2010-11-08 03:30"),
        # After Thursday comes Saturday: Friday's is Saturday's, and both are one.
        ("Pacific/Apia", "08:00", "2011-12-29 18:00", "2011-12-30 18:00"),
        ("Pacific/Apia", "08:00", "2011-12-30 18:00", "2011-12-31 18:00"),
    ],
)
def test_the_next_time_of_day_is_as_late_as_the_person_asked(
    zone: str, moment: str, now: str, due: str
) -> None:
    assert next_time(utc(now), time.fromisoformat(moment), ZoneInfo(zone)) == utc(due)


@pytest.mark.parametrize(
    ("zone", "until", "now", "due"),
    [
        # Over midnight: from 22:00 until 07:00.
        ("Europe/Berlin", "07:00", "2026-06-01 20:00", "2026-06-02 05:00"),
        ("Europe/Berlin", "07:00", "2026-06-02 04:59", "2026-06-02 05:00"),
        ("Europe/Berlin", "07:00", "2026-03-28 22:00", "2026-03-29 05:00"),
        ("Europe/Berlin", "07:00", "2026-10-24 22:00", "2026-10-25 06:00"),
        ("Europe/Berlin", "00:00", "2026-06-01 20:00", "2026-06-01 22:00"),
        ("Europe/Berlin", "02:30", "2026-03-29 00:00", "2026-03-29 01:30"),
        # They end twice.
        ("Europe/Berlin", "02:30", "2026-10-25 00:15", "2026-10-25 00:30"),
        ("Europe/Berlin", "02:30", "2026-10-25 01:15", "2026-10-25 01:30"),
        ("Africa/Cairo", "23:30", "2026-10-29 21:15", "2026-10-29 21:30"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04 15:05", "2026-04-04 15:15"),
    ],
)
def test_quiet_hours_end_when_they_end(zone: str, until: str, now: str, due: str) -> None:
    assert next_end(utc(now), time.fromisoformat(until), ZoneInfo(zone)) == utc(due)


@given(moments, zones)
def test_a_full_hour_is_full_and_none_is_left_out(now: datetime, zone: ZoneInfo) -> None:
    due = next_hour(now, zone)
    assert now < due <= now + LONGEST_HOUR
    assert due.astimezone(zone).strftime("%M:%S.%f") == "00:00.000000"
    assert next_hour(now + (due - now) / 2, zone) == due


@given(moments, zones, times_of_day)
def test_the_time_of_day_is_as_asked_unless_it_does_not_exist(
    now: datetime, zone: ZoneInfo, moment: time
) -> None:
    due = next_time(now, moment, zone)
    assert now < due <= now + LONGEST_DAY
    local = due.astimezone(zone)
    is_as_asked = local.time() == moment and local.fold == 0
    assert is_as_asked or is_skipped(local, zone, moment)


@given(moments, zones, times_of_day, st.floats(0, 0.999))
def test_whoever_asks_later_is_told_the_same_until_then(
    now: datetime, zone: ZoneInfo, moment: time, part: float
) -> None:
    due = next_time(now, moment, zone)
    assert next_time(now + (due - now) * part, moment, zone) == due


@given(moments, zones, times_of_day, times_of_day)
def test_quiet_hours_that_are_on_are_over_at_their_end(
    now: datetime, zone: ZoneInfo, start: time, end: time
) -> None:
    if start == end or not is_quiet(now.astimezone(zone).time(), start, end):
        return
    due = next_end(now, end, zone)
    assert now < due <= now + LONGEST_DAY
    local = due.astimezone(zone)
    assert local.time() == end or is_skipped(local, zone, end)


def is_skipped(local: datetime, zone: ZoneInfo, moment: time) -> bool:
    """Tell whether on this day, or the one before, the clock was put forward over the time of day."""
    days = [local.date() - each * DAY for each in (0, 1)]
    asked = [datetime.combine(day, moment, zone) for day in days]
    return any(each.astimezone(UTC).astimezone(zone) != each.replace(fold=0) for each in asked)
