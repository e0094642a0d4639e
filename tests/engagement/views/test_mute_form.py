"""Until when something is muted, as people send it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.utils import timezone
from freezegun import freeze_time

from engagement.views.mutes import MuteForm

NOW = "2026-03-28T22:30:00Z"


@pytest.fixture(autouse=True)
def _late_in_march() -> Iterator[None]:
    """In Kathmandu it is the 29th already."""
    with freeze_time(NOW):
        yield


def moment(place: str = "UTC", **data: str) -> datetime | None:
    with timezone.override(place):
        form = MuteForm(data)
        assert form.is_valid(), form.errors
        return form.moment()


def complaints(place: str = "UTC", **data: str) -> str:
    with timezone.override(place):
        return " ".join(MuteForm(data).complaints())


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("day", datetime(2026, 3, 29, 22, 30, tzinfo=UTC)),
        ("week", datetime(2026, 4, 4, 22, 30, tzinfo=UTC)),
        ("ever", None),
    ],
)
def test_for_how_long_it_is_muted(until: str, expected: datetime | None) -> None:
    assert moment(until=until, date="2030-01-01") == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("UTC", datetime(2026, 3, 30, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 3, 29, 18, 15, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 30, 4, tzinfo=UTC)),
    ],
)
def test_a_date_begins_when_it_begins_for_the_person(place: str, expected: datetime) -> None:
    assert moment(place, until="date", date="2026-03-30") == expected


@pytest.mark.parametrize(
    ("date", "complaint"),
    [
        ("", "Give the date from which"),
        ("soon", "That is no date"),
        ("2026-02-30", "That is no date"),
        ("2026-03-28", "from tomorrow on"),
        ("2020-01-01", "from tomorrow on"),
        ("0001-01-01", "from tomorrow on"),
        ("9999-12-31", "from tomorrow on"),
        ("2026-03-30\x00", "That is no date"),
        ("9" * 5_000, "That is no date"),
    ],
)
def test_a_date_that_is_wrong_says_so(date: str, complaint: str) -> None:
    assert complaint in complaints(until="date", date=date)


def test_today_is_today_for_the_person() -> None:
    assert "from tomorrow on" in complaints("Asia/Kathmandu", until="date", date="2026-03-29")
    assert moment("UTC", until="date", date="2026-03-29")


@pytest.mark.parametrize("until", ["", "year", "DAY", "\x00"])
def test_a_length_that_there_is_not_says_so(until: str) -> None:
    assert complaints(until=until) == "Mute it for a day, for a week, until a date or for ever."
