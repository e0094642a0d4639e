"""What people send from the page of their language and times."""

from engagement.settings_form import hours, time_zones


def test_time_zones_are_listed_by_region() -> None:
    found = dict(time_zones())
    assert next(iter(found)) == "UTC"
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires") in found["America"]
    assert list(found["Europe"]) == sorted(found["Europe"])


def test_a_time_zone_that_is_unusual_can_be_kept() -> None:
    assert time_zones("Etc/GMT+5")[-1] == ("Other", [("Etc/GMT+5", "Etc/GMT+5")])
    assert "Other" not in dict(time_zones("Europe/Berlin"))


def test_the_hours_of_a_day_are_twenty_four() -> None:
    assert (hours()[0], hours()[-1], len(hours())) == ((0, "00:00"), (23, "23:00"), 24)
