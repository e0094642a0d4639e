"""What operators laid down, and that it is followed."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from capabilities.people.models import Person
from engagement.decide import Digest, Importance, Rule
from engagement.fanout import fan_out
from engagement.models import AppNotification, NotificationRule
from engagement.rules import RuleBook, Rules, rules_for
from tests.engagement.samples import outcomes_of, published
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


def lay_down(**fields: object) -> NotificationRule:
    rule = NotificationRule(**fields)
    rule.full_clean()
    rule.save()
    return rule


def test_without_a_rule_nothing_is_said() -> None:
    assert rules_for("test.told", "test") == Rules()
    assert rules_for("test.told", "test").enabled


def test_both_rules_are_found_in_one_query_and_the_types_is_the_stronger() -> None:
    lay_down(category="test", channels=["app"], retention=DAY, importance="low")
    lay_down(event_type="test.told", mandatory=["email"], importance="high")
    lay_down(category="product", channels=[])
    lay_down(event_type="test.pinged", channels=[])
    assert rules_for("test.told", "test") == Rules(
        of_type=Rule(None, frozenset({"email"})),
        of_category=Rule(frozenset({"app"})),
        retention=DAY,
        importance=Importance.HIGH,
    )


def test_both_rules_say_whether_mails_wait() -> None:
    lay_down(category="test", digest="daily", email_delay=QUARTER)
    lay_down(event_type="test.told", email_delay=timedelta(0))
    assert rules_for("test.told", "test") == Rules(
        of_type=Rule(digest=None, email_delay=timedelta(0)),
        of_category=Rule(digest=Digest.DAILY, email_delay=QUARTER),
    )


@pytest.mark.parametrize(("written", "read"), [(-DAY, timedelta(0)), (timedelta.max, DAY), (DAY, DAY)])
def test_a_delay_written_past_the_form_is_kept_within_limits(written: timedelta, read: timedelta) -> None:
    NotificationRule.objects.create(category="test", email_delay=written)
    assert rules_for("test.told", "test").of_category.email_delay == read


def test_a_rule_decides_where_it_goes_and_how_long_it_is_kept(alice: Person) -> None:
    lay_down(event_type="test.told", channels=["app"], importance="high", retention=9 * DAY)
    fan_out(published(Told(people=[alice.pk])))
    row = AppNotification.objects.get()
    assert outcomes_of(alice) == {
        "app": "created: rule for this event type",
        "email": "skipped: rule for this event type",
    }
    assert row.importance == "high"
    assert 8 * DAY < row.delete_at - timezone.now() < 10 * DAY


def test_switched_off_nobody_is_told_and_the_outcome_says_so(alice: Person) -> None:
    lay_down(category="test", is_active=False)
    fan_out(published(Told(people=[alice.pk])))
    assert set(outcomes_of(alice).values()) == {"skipped: switched off"}
    assert not AppNotification.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"category": "test", "channels": ["pigeon"]},
        {"category": "test", "channels": "app"},
        {"category": "test", "mandatory": {"app": True}},
        {"category": "test", "importance": "vital"},
        {"category": "test", "retention": timedelta(0)},
        {"category": "test", "retention": timedelta(days=3_651)},
        {"category": "test", "digest": "weekly"},
        {"category": "test", "email_delay": -QUARTER},
        {"category": "test", "email_delay": DAY + QUARTER},
        {"category": "test", "event_type": "test.told"},
        {"event_type": "test.tolt"},
        {},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NotificationRule(**fields).full_clean()


def test_there_is_one_rule_for_each() -> None:
    lay_down(category="test")
    with pytest.raises(IntegrityError, match="rule_once"), transaction.atomic():
        NotificationRule.objects.create(category="test")


def test_a_rule_book_says_what_a_query_for_each_would() -> None:
    lay_down(category="test", channels=["app"], retention=DAY, importance="low")
    lay_down(event_type="test.told", mandatory=["email"], importance="high")
    lay_down(event_type="test.pinged", is_active=False, digest="hourly", email_delay=QUARTER)
    book = RuleBook()
    for event_type in ("test.told", "test.pinged", "product.created"):
        for category in ("test", "product"):
            assert book.rules_for(event_type, category) == rules_for(event_type, category)


def test_a_retention_that_is_endless_all_the_same_ends(alice: Person) -> None:
    NotificationRule.objects.create(category="test", retention=timedelta.max)
    fan_out(published(Told(people=[alice.pk])))
    assert AppNotification.objects.get().delete_at < timezone.now() + timedelta(days=3_651)
