"""What was planned is decided again when its turn has come, by what is true then; in one query for a whole claim."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.models import (
    AppNotification,
    Delivery,
    Mute,
    NotificationPreference,
    NotificationRule,
    NotificationSettings,
    Suppression,
)
from engagement.recheck import Recheck, Verdict
from engagement.retract import retract
from events.bus import RetryLater
from tests.engagement.mails import digest_of, mail_to
from tests.engagement.samples import published
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]


def planned(person: Person, **fields: Any) -> Delivery:
    """Return a mail that is still to be sent."""
    return mail_to(person, **{"state": "pending", "notifier": "probe.ToldNotifier", **fields})


def verdict(delivery: Delivery) -> Verdict:
    """Return what is to be done with it now."""
    return Recheck([delivery]).verdict(delivery)


def test_nothing_changed(alice: Person) -> None:
    found = verdict(planned(alice))
    assert (str(found.outcome), found.is_skipped, found.not_before) == ("planned: default", False, None)
    assert found.facts.target.value == alice.email


@pytest.mark.parametrize(
    ("model", "fields", "why"),
    [
        (NotificationPreference, {"category": "test", "type": "apps"}, "choice for this category"),
        (NotificationPreference, {"event_type": "test.told", "type": "none"}, "choice for this event type"),
        (NotificationRule, {"category": "test", "channels": ["app"]}, "rule for this category"),
        (NotificationRule, {"event_type": "test.told", "is_active": False}, "switched off"),
        (Mute, {"about": "kite:1"}, "muted"),
        (Suppression, {"channel": "email", "endpoint": "ALICE@kiteworks.example"}, "endpoint suppressed"),
    ],
)
def test_what_was_chosen_and_laid_down_meanwhile_counts(
    alice: Person, model: Any, fields: dict[str, Any], why: str
) -> None:
    row = planned(alice, about="kite:1")
    of_a_person = model in {NotificationPreference, Mute}
    model.objects.create(**fields, **({"person": alice} if of_a_person else {}))
    assert str(verdict(row).outcome) == f"skipped: {why}"


def test_a_mute_of_something_else_or_that_is_over_does_not_count(alice: Person) -> None:
    Mute.objects.create(person=alice, about="kite:2")
    Mute.objects.create(person=alice, about="kite:1", until=timezone.now() - timedelta(seconds=1))
    assert not verdict(planned(alice, about="kite:1")).is_skipped


def test_what_was_chosen_for_the_same_mail_of_somebody_else_does_not_count(
    alice: Person, bob: Person
) -> None:
    NotificationPreference.objects.create(person=bob, category="test", type="none")
    rows = [planned(alice), planned(bob)]
    recheck = Recheck(rows)
    assert [recheck.verdict(row).is_skipped for row in rows] == [False, True]


def test_a_retraction_counts_for_what_was_published_before_it(alice: Person) -> None:
    before = published(Told(people=[]), about="kite:1").envelope.id
    early = planned(alice, about="kite:1", event_id=before, state="running", **_leased())
    retract("kite:1")
    after = published(Told(people=[]), about="kite:1").envelope.id
    late = planned(alice, about="kite:1", event_id=after)
    assert str(verdict(early).outcome) == "skipped: retracted"
    assert not verdict(late).is_skipped


def _leased() -> dict[str, Any]:
    token = "0" * 32
    return {"lease_token": token, "lease_until": timezone.now() + timedelta(minutes=1)}


@pytest.mark.parametrize(("wait", "skipped"), [("delayed", True), ("", False), ("hourly digest", False)])
def test_read_meanwhile_only_what_waited_for_that_is_skipped(alice: Person, wait: str, skipped: bool) -> None:
    row = planned(alice, wait=wait)
    assert row.notifiable is not None
    AppNotification.objects.create(
        event=row.notifiable,
        person=alice,
        event_type="test.told",
        category="test",
        title="",
        read_at=timezone.now(),
    )
    found = verdict(row)
    assert (found.is_skipped, found.facts.is_read) == (skipped, True)


def test_unread_or_not_in_the_inbox_at_all_it_is_sent(alice: Person) -> None:
    row = planned(alice, wait="delayed")
    assert (verdict(row).is_skipped, verdict(row).facts.is_read) == (False, False)


# Quiet hours


@pytest.mark.parametrize(
    ("now", "zone", "until", "not_before"),
    [
        ("2026-03-28T23:00", "UTC", time(7), "2026-03-29T07:00"),
        ("2026-03-28T23:00", "Europe/Berlin", time(7), "2026-03-29T05:00"),
        ("2026-03-28T12:00", "UTC", time(7), None),
        # The clocks are put back meanwhile: what is quiet until 2:30 is quiet again from 2:00.
        ("2026-10-25T01:15", "Europe/Berlin", time(2, 30), "2026-10-25T01:30"),
    ],
)
def test_in_quiet_hours_it_is_not_sent_before_their_end(
    alice: Person, monkeypatch: pytest.MonkeyPatch, now: str, zone: str, until: time, not_before: str | None
) -> None:
    """Not with a frozen clock: its datetimes forget which of two equal hours is meant."""
    NotificationSettings.objects.create(person=alice, time_zone=zone, quiet_from=time(22), quiet_until=until)
    row = planned(alice)
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromisoformat(f"{now}+00:00"))
    found = verdict(row)
    expected = not_before and datetime.fromisoformat(f"{not_before}+00:00")
    assert (found.not_before, found.is_skipped) == (expected, False)


@pytest.mark.parametrize("rule", [{"importance": "high"}, {"mandatory": ["email"]}])
def test_what_never_waits_is_sent_all_the_same(alice: Person, rule: dict[str, Any]) -> None:
    NotificationRule.objects.create(category="test", **rule)
    NotificationSettings.objects.create(person=alice, quiet_from=time(0), quiet_until=time(23, 59))
    found = verdict(planned(alice))
    assert (found.never_waits, found.not_before) == (True, None)


# Digests


def test_a_digest_asks_only_whether_the_person_can_be_written_to(alice: Person) -> None:
    NotificationPreference.objects.create(person=alice, category="test", type="none")
    row = digest_of(alice, mail_to(alice), state="pending")
    assert not verdict(row).is_skipped
    Suppression.objects.create(channel="email", endpoint=alice.email)
    assert str(verdict(row).outcome) == "skipped: endpoint suppressed"


# What is not known


def test_a_channel_that_is_not_there_is_waited_for_and_the_others_are_not_disturbed(
    alice: Person, bob: Person
) -> None:
    rows = [planned(alice, channel="fax"), planned(bob)]
    recheck = Recheck(rows)
    with pytest.raises(RetryLater, match="not set up in this process"):
        recheck.verdict(rows[0])
    assert not recheck.verdict(rows[1]).is_skipped


def test_it_is_waited_for_as_long_as_notifications_are_kept(alice: Person) -> None:
    row = planned(alice, channel="fax", delete_at=timezone.now() - timedelta(seconds=1))
    assert verdict(row).is_skipped


def test_what_a_notifier_said_that_is_not_known_here_stands(alice: Person) -> None:
    assert str(verdict(planned(alice, notifier="newer.Notifier")).outcome) == "planned: default"


def test_of_named_people_the_notifier_does_not_decide(alice: Person) -> None:
    """As when it was planned: they are told without one, and of their own act too."""
    assert str(verdict(planned(alice, notifier="")).outcome) == "planned: default"


# How many queries


def test_a_claim_takes_two_queries_however_many_it_has(
    server: SmtpServer, alice: Person, bob: Person, carol: Person, settings: Settings
) -> None:
    rows = [planned(person) for person in (alice, bob, carol) for _ in range(5)]
    with CaptureQueriesContext(connection) as captured:
        recheck = Recheck(rows)
        for row in rows:
            recheck.verdict(row)
    assert len(captured) == 2, "the rules, and the facts"
