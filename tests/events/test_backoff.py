"""The delays before another attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.backoff import delay, jittered


@pytest.mark.parametrize(
    ("failures", "expected"), [(1, 5), (2, 10), (3, 20), (4, 40), (10, 2560), (11, 3600), (1000, 3600)]
)
def test_it_doubles_up_to_the_ceiling(failures: int, expected: float) -> None:
    assert delay(failures, first=5, ceiling=3600, rand=lambda: 0.5) == expected


def test_twenty_attempts_outlast_a_night() -> None:
    seconds = sum(delay(failures, first=5, ceiling=3600, rand=lambda: 0.5) for failures in range(1, 20))
    assert 9 < seconds / 3600 < 12


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_chance_spreads_it_by_half_either_way(failures: int, chance: float) -> None:
    middle = delay(failures, first=5, ceiling=3600, rand=lambda: 0.5)
    assert 0.5 * middle <= delay(failures, first=5, ceiling=3600, rand=lambda: chance) <= 1.5 * middle


def test_what_was_laid_down_is_spread_by_up_to_a_fifth_and_never_shortened() -> None:
    assert jittered(10, rand=lambda: 0.0) == 10
    assert jittered(10, rand=lambda: 0.5) == 11
    assert len({jittered(10) for _ in range(20)}) > 1
