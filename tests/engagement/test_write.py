"""The texts of a notice: each person's language, time zone and name, and no text twice."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from freezegun import freeze_time
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import AppNotification, NotificationSettings
from engagement.models.person import zone
from engagement.notice import notice_of
from engagement.people_sql import groups_of_batch
from engagement.registry import Notifier, notifiers
from events.bus import Payload
from tests.engagement.samples import planned, published
from tests.probe.events import Met, Told, Unheard

pytestmark = pytest.mark.django_db

WriteWording = Callable[[str, str], Path]


def prefers(person: Person, **fields: Any) -> None:
    settings = NotificationSettings(person=person, **fields)
    settings.full_clean()
    settings.save()


def titles() -> dict[str, str]:
    """Return what each person reads."""
    return dict(AppNotification.objects.values_list("person__username", "title"))


def test_each_reads_it_in_their_language_or_the_installations(
    write_wording: WriteWording, alice: Person, bob: Person, carol: Person
) -> None:
    write_wording("test.told", '[en.app]\ntitle = "Hello"\n[de.app]\ntitle = "Hallo"\n')
    prefers(bob, language="de")
    prefers(carol, language="")
    fan_out(published(Told(people=[alice.pk, bob.pk, carol.pk])))
    assert titles() == {"alice": "Hello", "bob": "Hallo", "carol": "Hello"}


def test_a_language_without_a_wording_gets_the_installations(
    write_wording: WriteWording, alice: Person
) -> None:
    write_wording("test.told", '[en.app]\ntitle = "Hello"\n')
    prefers(alice, language="de")
    fan_out(published(Told(people=[alice.pk])))
    assert titles() == {"alice": "Hello"}


def test_a_language_that_the_installation_no_longer_has_does_no_harm(
    alice: Person, settings: Settings
) -> None:
    prefers(alice, language="de")
    settings.LANGUAGES = [("en", "English")]
    fan_out(published(Told(people=[alice.pk], name="Kite")))
    assert titles() == {"alice": "Kite was told"}


def test_moments_are_told_in_each_persons_time_zone(
    write_wording: WriteWording, alice: Person, bob: Person
) -> None:
    write_wording("test.met", "[en.app]\ntitle = \"At {{ at|date:'H:i' }}\"\n")
    prefers(bob, time_zone="Asia/Kathmandu")
    fan_out(published(Met(people=[alice.pk, bob.pk], at=datetime(2026, 1, 1, 12, tzinfo=UTC))))
    assert titles() == {"alice": "At 12:00", "bob": "At 17:45"}


def test_people_with_the_same_language_share_a_text_and_time_zones_matter_only_to_moments(
    alice: Person, bob: Person, carol: Person
) -> None:
    prefers(alice, time_zone="Asia/Kathmandu", language="en")
    prefers(bob, time_zone="America/New_York")
    with CaptureQueriesContext(connection) as captured:
        fan_out(published(Told(people=[alice.pk, bob.pk, carol.pk], name="Kite")))
    (insert,) = [each["sql"] for each in captured if "INSERT INTO engagement_appnotification" in each["sql"]]
    assert insert.count("Kite was told") == 1
    assert len(titles()) == 3


def test_a_batch_of_a_thousand_in_all_languages_and_time_zones_takes_ten_queries() -> None:
    people = Person.objects.bulk_create(Person(username=f"p{number}") for number in range(1_000))
    NotificationSettings.objects.bulk_create(
        NotificationSettings(
            person=person,
            language=["en", "de", ""][number % 3],
            time_zone=["", "Asia/Kathmandu", "America/New_York", "Europe/Berlin"][number % 4],
            quiet_from=time(22) if number % 5 else None,
            quiet_until=time(number % 7) if number % 5 else None,
        )
        for number, person in enumerate(people)
    )
    event = published(
        Met(people=[person.pk for person in people], at=datetime(2026, 1, 1, 12, tzinfo=UTC)), about="kite:1"
    )
    with CaptureQueriesContext(connection) as captured:
        fan_out(event)
    statements = [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]
    assert len(statements) <= 8, statements
    assert AppNotification.objects.count() == 1_000


@pytest.mark.parametrize(
    ("place", "quiet"), [("", False), ("Asia/Kathmandu", True), ("America/New_York", False)]
)
@freeze_time("2026-01-01 17:00:00")
def test_quiet_hours_are_in_the_persons_time(alice: Person, place: str, quiet: bool) -> None:
    prefers(alice, time_zone=place, quiet_from=time(22), quiet_until=time(7))
    event: Payload = published(Told(people=[]))
    notice = notice_of(notifiers["probe.ToldNotifier"], event)
    (group,) = groups_of_batch(planned(event, [alice.pk]), notice)
    assert group.traits.quiet is quiet


@pytest.mark.parametrize(
    "fields",
    [
        {"time_zone": "Mars/Olympus"},
        {"language": "tlh"},
        {"quiet_from": time(22)},
        {"quiet_until": time(7)},
    ],
)
def test_settings_that_make_no_sense_are_refused(alice: Person, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NotificationSettings(person=alice, **fields).full_clean()


def test_a_time_zone_that_is_no_longer_known_is_the_installations(alice: Person) -> None:
    NotificationSettings.objects.create(person=alice, time_zone="Europe/Atlantis")
    fan_out(published(Met(people=[alice.pk], at=datetime(2026, 1, 1, 12, tzinfo=UTC))))
    assert titles() == {"alice": "Met at 12:00"}
    assert zone("../../etc/passwd") == zone("")


def test_the_notifiers_group_and_importance_are_on_the_row(
    declare: Callable[..., Notifier[Any]], alice: Person
) -> None:
    declare(lambda: [alice.pk], importance="high", group=lambda self, event: "orders:7")
    fan_out(published(Unheard(), about="kite:1"))
    row = AppNotification.objects.get()
    assert (row.importance, row.group, row.about) == ("high", "orders:7", "kite:1")


def test_after_its_time_nobody_is_told(declare: Callable[..., Notifier[Any]], alice: Person) -> None:
    deadline = datetime(2026, 1, 1, 12, tzinfo=UTC)
    declare(lambda: [alice.pk], not_after=lambda self, event: deadline)
    with freeze_time(deadline - timedelta(seconds=1)):
        fan_out(published(Unheard()))
    with freeze_time(deadline):
        fan_out(published(Unheard()))
    assert AppNotification.objects.count() == 1
