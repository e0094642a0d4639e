"""How the channels are doing: what waits, what came of the last attempts, who can be reached."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from capabilities.people.models import Person
from engagement import channel_report, pauses
from engagement.channel_report import ChannelReport, Count, reports
from engagement.models import Delivery, DeliveryAttempt
from tests.engagement.mails import mail_to
from tests.engagement.pigeon import Pigeons, dovecote

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=1)


def report_on(name: str) -> ChannelReport:
    return next(each for each in reports() if each.channel.name == name)


def try_out(delivery: Delivery, code: str = "", **fields: Any) -> DeliveryAttempt:
    """Return an attempt at a message: a failure if it has a code."""
    known = {"succeeded": not code, "code": code, "answer": f"{code} Said so"}
    return DeliveryAttempt.objects.create(delivery=delivery, **known | fields)


def test_every_channel_that_leaves_the_house_has_a_report() -> None:
    found = [each.channel.name for each in reports()]
    assert "email" in found
    assert "app" not in found


def test_a_channel_says_what_it_lacks(settings: Settings, pigeons: Pigeons) -> None:
    assert "ENGAGEMENT_BASE_URL" in report_on("email").lacks
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    assert "ENGAGEMENT_BASE_URL" not in report_on("email").lacks
    settings.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    found = report_on("email")
    assert (found.lacks, found.channel.provider_name()) == ("", "mailgun")
    pigeons.missing = "Build a dovecote."
    assert report_on("pigeon").lacks == "Build a dovecote."


def test_a_pause_that_is_in_force_is_there_and_one_that_is_over_is_not() -> None:
    pauses.pause("email", "The server moves.", by_hand=True)
    found = report_on("email").pause
    assert found is not None
    assert (found.reason, found.until, found.is_by_hand) == ("The server moves.", None, True)
    pauses.pause("email", "Over.", seconds=0, by_hand=True)
    assert report_on("email").pause is None


# Messages


def test_what_is_not_sent_is_counted_by_where_it_stands(alice: Person, pigeons: Pigeons) -> None:
    now = timezone.now()
    for _ in range(2):
        mail_to(alice, state="pending", available_at=now - LATER)
    mail_to(alice, state="retrying", failed=1, available_at=now - LATER, priority=9)
    mail_to(alice, state="pending", available_at=now + LATER)
    mail_to(alice, state="retrying", failed=1, available_at=now + LATER)
    mail_to(alice, state="running", lease_token=uuid4(), lease_until=now)
    mail_to(alice, state="dead")
    mail_to(alice)
    mail_to(alice, channel="pigeon", state="dead")
    found = report_on("email").messages
    counts = [each.number for each in (found.due, found.waiting, found.retrying, found.running, found.dead)]
    assert counts == [3, 1, 1, 1, 1]
    assert report_on("pigeon").messages.dead == Count(1)
    assert not report_on("pigeon").messages.due


@pytest.mark.parametrize(
    ("state", "name"),
    [("pending", "due"), ("dead", "dead"), ("running", "running")],
)
def test_of_very_many_it_is_said_that_there_may_be_more(
    alice: Person, monkeypatch: pytest.MonkeyPatch, state: str, name: str
) -> None:
    monkeypatch.setattr(channel_report, "COUNT_LIMIT", 2)
    lease = {"lease_token": uuid4(), "lease_until": timezone.now()} if state == "running" else {}
    mail_to(alice, state=state, **lease)
    assert str(getattr(report_on("email").messages, name)) == "1"
    for _ in range(2):
        mail_to(alice, state=state, **lease)
    assert str(getattr(report_on("email").messages, name)) == "2+"


def test_a_count_is_written_with_separators() -> None:
    assert [str(each) for each in (Count(0), Count(1234), Count(10_000, True))] == ["0", "1,234", "10,000+"]


# What came of attempts


def test_what_was_sent_and_failed_lately_is_counted_and_failures_by_code(
    alice: Person, pigeons: Pigeons
) -> None:
    mail, bird = mail_to(alice), mail_to(alice, channel="pigeon")
    for code in ("421", "421", "timeout", "", ""):
        try_out(mail, code)
    try_out(bird, "hawk")
    try_out(mail, "550", at=timezone.now() - timedelta(hours=25))
    found = report_on("email").lately
    assert (found.sent, found.failed, found.codes) == (2, 3, [("421", 2), ("timeout", 1)])
    assert report_on("pigeon").lately.codes == [("hawk", 1)]


def test_the_last_failure_is_there_with_what_was_answered(alice: Person) -> None:
    mail = mail_to(alice)
    assert report_on("email").lately.last_failure is None
    try_out(mail, "421")
    last = try_out(mail, "timeout")
    try_out(mail)
    assert report_on("email").lately.last_failure == last


def test_of_very_many_attempts_the_newest_are_counted_and_since_when_is_said(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_report, "MOST_ATTEMPTS", 2)
    mail, now = mail_to(alice), timezone.now()
    for hours in (3, 2, 1):
        try_out(mail, at=now - timedelta(hours=hours))
    found = report_on("email").lately
    assert (found.sent, found.since) == (2, now - timedelta(hours=2))


def test_of_very_many_codes_the_most_frequent_are_listed(alice: Person) -> None:
    mail = mail_to(alice)
    for number in range(12):
        try_out(mail, f"code {number:02}")
    try_out(mail, "code 11")
    found = report_on("email").lately
    assert (len(found.codes), found.codes[0], found.failed) == (10, ("code 11", 2), 13)


# Endpoints


def test_endpoints_are_counted_by_where_they_stand(alice: Person, pigeons: Pigeons) -> None:
    now = timezone.now()
    dovecote(alice, "used")
    dovecote(alice, "new", verified_at=None)
    for number in range(2):
        dovecote(alice, f"burnt {number}", retired_at=now, retired_because="It burnt.")
    dovecote(alice, "sold", retired_at=now, retired_because="It was sold.")
    dovecote(alice, "old", retired_at=now - timedelta(days=8), retired_because="Long ago.")
    found = report_on("pigeon").endpoints
    assert found is not None
    assert [each.number for each in (found.in_use, found.unverified, found.retired)] == [1, 1, 3]
    assert found.reasons == [("It burnt.", 2), ("It was sold.", 1)]


def test_a_channel_to_the_address_of_an_account_has_no_endpoints() -> None:
    assert report_on("email").endpoints is None


# Queries


def test_it_takes_as_many_queries_for_many_channels_as_for_one(
    alice: Person, pigeons: Pigeons, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("email", "pigeon"):
        try_out(mail_to(alice, channel=name), "421")
        pauses.pause(name, "Because.")
    with django_assert_max_num_queries(5):
        reports()
