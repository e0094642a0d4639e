"""How often something may be done."""

from datetime import UTC, datetime, timedelta

import pytest

from engagement.pace import DAY, HOUR, MINUTE, Pace, TooOften, not_before

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PACES = [Pace(1, MINUTE), Pace(3, HOUR)]


@pytest.mark.parametrize(
    ("minutes_ago", "minutes_to_wait"),
    [
        ([], None),
        ([2], None),
        ([0.5], 0.5),
        ([2, 10], None),
        ([2, 10, 20], 40),
        ([20, 2, 10], 40),
        ([0.5, 10, 20], 40),
        ([2, 10, 70], None),
        ([0.5, 58, 59.9], 0.5),
        ([1], None),
        ([2, 10, 60], None),
    ],
)
def test_the_slowest_pace_says_how_long_to_wait(
    minutes_ago: list[float], minutes_to_wait: float | None
) -> None:
    moments = [NOW - timedelta(minutes=each) for each in minutes_ago]
    expected = None if minutes_to_wait is None else NOW + timedelta(minutes=minutes_to_wait)
    assert not_before(moments, PACES, NOW) == expected


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(seconds=1), "Wait. Try again in a minute."),
        (MINUTE, "Wait. Try again in a minute."),
        (timedelta(seconds=61), "Wait. Try again in 2 minutes."),
        (HOUR, "Wait. Try again in 60 minutes."),
        (5 * HOUR, "Wait. Try again after Nov. 28, 2026, 5 p.m."),
        (DAY, "Wait. Try again after Nov. 29, 2026, noon."),
    ],
)
def test_the_error_says_when_it_can_be_tried_again(wait: timedelta, said: str) -> None:
    error = TooOften("Wait.", NOW + wait, NOW)
    assert error.messages == [said]
    assert error.until == NOW + wait
