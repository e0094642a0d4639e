"""Mute one object, until a moment or for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from capabilities.people.models import Person
from engagement.models import Mute
from engagement.mutes import mute, muted_among, mutes_of, unmute
from events.bus import event_bus
from events.testing import work_off
from tests.engagement.samples import outcomes_of
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

KITE, DAY = "kite:1", timedelta(days=1)


@pytest.mark.parametrize("days", [None, 1])
def test_what_is_muted_is_not_told(alice: Person, bob: Person, days: int | None) -> None:
    mute(alice, KITE, until=timezone.now() + days * DAY if days else None)
    event_bus.publish(Told(people=[alice.pk, bob.pk]), about=KITE)
    work_off()
    assert outcomes_of(alice)["app"] == "skipped: muted"
    assert outcomes_of(bob)["app"] == "created: default"


def test_the_later_wish_counts(alice: Person) -> None:
    mute(alice, KITE, "Kite was told", timezone.now() + DAY)
    mute(alice, KITE, "Kite was told again")
    (found,) = mutes_of(alice)
    assert (found.label, found.until) == ("Kite was told again", None)


def test_unmuted_it_is_told_again_and_twice_does_no_harm(alice: Person, bob: Person) -> None:
    mute(alice, KITE)
    mute(bob, KITE)
    assert unmute(alice, KITE)
    assert not unmute(alice, KITE)
    assert mutes_of(alice) == []
    assert len(mutes_of(bob)) == 1


def test_what_has_run_out_is_not_listed_and_goes_with_the_next(alice: Person) -> None:
    Mute.objects.create(person=alice, about=KITE, until=timezone.now() - DAY)
    assert mutes_of(alice) == []
    assert muted_among(alice, [KITE]) == set()
    mute(alice, "kite:2")
    assert [each.about for each in Mute.objects.all()] == ["kite:2"]


def test_the_newest_is_listed_first(alice: Person) -> None:
    for about in ("kite:1", "kite:2", "kite:1"):
        mute(alice, about)
    assert [each.about for each in mutes_of(alice)] == ["kite:1", "kite:2"]


def test_which_of_these_are_muted(alice: Person, bob: Person) -> None:
    mute(alice, KITE)
    mute(bob, "kite:2")
    assert muted_among(alice, ["", KITE, "kite:2", KITE]) == {KITE}


@pytest.mark.parametrize(("about", "ago"), [("", None), (KITE, DAY), (KITE, timedelta())])
def test_nothing_and_the_past_cannot_be_muted(alice: Person, about: str, ago: timedelta | None) -> None:
    with pytest.raises(ValueError, match="needs"):
        mute(alice, about, until=timezone.now() - ago if ago is not None else None)


def test_a_long_title_is_cut(alice: Person) -> None:
    mute(alice, KITE, "x" * 1000)
    assert len(mutes_of(alice)[0].label) == 400


def test_an_object_is_muted_by_the_name_that_events_have_for_it(alice: Person) -> None:
    mute(alice, alice)
    assert muted_among(alice, [f"people.person:{alice.pk}"])


@pytest.mark.parametrize("until", [datetime.max.replace(tzinfo=UTC), datetime(2030, 1, 1)])  # noqa: DTZ001 - naive
def test_a_moment_that_no_page_could_show_is_refused(alice: Person, until: datetime) -> None:
    with pytest.raises(ValueError, match="within ten years"):
        mute(alice, "kite:1", until=until)
