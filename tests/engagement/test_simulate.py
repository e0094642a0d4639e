"""What a choice would have meant, by table: the past, a choice, and the messages that there would have been."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from engagement.catalogue import Telling
from engagement.choices import Scope
from engagement.decide import Choice, Digest, Importance, Policy, Preset, Rule
from engagement.past import Counts, Past
from engagement.preferences import Line
from engagement.simulate import Amount, were, would_be
from events.bus import EventTypes

#: Ten came on both channels, on three days.
TEN = {"app": Counts(told=10, days=0b111), "email": Counts(told=10, days=0b111)}
NAMES = ("app", "email", "push")
OF_TYPE, OF_CATEGORY = Scope(event_type="test.told"), Scope(category="test")


def telling(event_type: str = "test.told", **policy: Any) -> Telling:
    return Telling(EventTypes[event_type], "test", "", Policy(**policy), "probe.ToldNotifier")


def line(scope: Scope, *tellings: Telling) -> Line:
    return Line(scope, "Test", Choice(), "", {}, [], tellings=tellings or [telling()])


def past(by_channel: Mapping[str, Counts], **fields: Any) -> Past:
    notifications = {("test.told", "probe.ToldNotifier"): by_channel}
    return Past(date(2026, 10, 1), notifications, **fields)


def meant(
    by_channel: Mapping[str, Counts],
    choice: Choice,
    collect: Digest | None = None,
    scope: Scope = OF_CATEGORY,
    fields: Mapping[str, Any] | None = None,
    **policy: Any,
) -> dict[str, Amount]:
    """Return what there would have been, without channels on which there was nothing."""
    found = would_be(
        past(by_channel, **(fields or {})), line(scope, telling(**policy)), choice, collect, NAMES
    )
    return {name: amount for name, amount in found.items() if amount != Amount()}


@pytest.mark.parametrize("scope", [OF_CATEGORY, OF_TYPE])
@pytest.mark.parametrize(
    ("preset", "amounts"),
    [
        (None, {"app": 10, "email": 10}),
        (Preset.APPS, {"app": 10}),
        (Preset.EMAIL, {"email": 10}),
        (Preset.BOTH, {"app": 10, "email": 10}),
        (Preset.NONE, {}),
    ],
)
def test_a_preset_would_have_meant(scope: Scope, preset: Preset | None, amounts: dict[str, int]) -> None:
    found = meant(TEN, Choice(preset), scope=scope)
    assert found == {name: Amount(single=number) for name, number in amounts.items()}


DECLINED = {"app": Counts(declined=10), "email": Counts(declined=10)}
MANDATORY = {"app": Counts(told=4, required=6), "email": Counts(declined=4, required=6)}
NO_WAY = {"app": Counts(told=10), "email": Counts(told=3, unreachable=7)}
BARRED = {"app": Counts(told=10, barred=5), "email": Counts(told=10, barred=5)}


@pytest.mark.parametrize(
    ("before", "preset", "amounts"),
    [
        (DECLINED, Preset.BOTH, {"app": 10, "email": 10}),
        (DECLINED, None, {"app": 10, "email": 10}),
        (MANDATORY, Preset.NONE, {"app": 6, "email": 6}),
        (MANDATORY, Preset.BOTH, {"app": 10, "email": 10}),
        (NO_WAY, Preset.EMAIL, {"email": 3}),
        (BARRED, Preset.BOTH, {"app": 10, "email": 10}),
    ],
)
def test_a_choice_changes_what_choices_decide_and_nothing_else(
    before: dict[str, Counts], preset: Preset | None, amounts: dict[str, int]
) -> None:
    found = meant(before, Choice(preset))
    assert found == {name: Amount(single=number) for name, number in amounts.items()}


def test_without_a_choice_the_rule_applies_or_what_the_notifier_says() -> None:
    assert set(meant(TEN, Choice(), defaults=("app",))) == {"app"}
    assert set(meant(TEN, Choice(), category_rule=Rule(frozenset({"email"})))) == {"email"}


def test_what_is_switched_off_by_now_came_last_month() -> None:
    assert meant(TEN, Choice(Preset.APPS), type_rule=Rule(enabled=False)) == {"app": Amount(single=10)}


def test_the_choice_for_an_event_type_comes_before_the_one_for_its_category() -> None:
    chosen = {"chosen": {OF_TYPE: Choice(Preset.NONE)}}
    assert meant(TEN, Choice(Preset.BOTH), fields=chosen) == {}
    assert set(meant(TEN, Choice(Preset.APPS), scope=OF_TYPE, fields=chosen)) == {"app"}
    chosen = {"chosen": {OF_CATEGORY: Choice(Preset.EMAIL)}}
    assert set(meant(TEN, Choice(), scope=OF_TYPE, fields=chosen)) == {"email"}


@pytest.mark.parametrize(
    ("wish", "pushes"),
    [((), 0), ((("push", True),), 10), ((("push", False),), 0)],
)
def test_of_a_further_channel_the_inbox_knows_how_many_there_were(
    wish: tuple[tuple[str, bool], ...], pushes: int
) -> None:
    assert meant(TEN, Choice(channels=wish)).get("push", Amount()).single == pushes
    known = TEN | {"push": Counts(told=2, unreachable=3)}
    assert meant(known, Choice(channels=wish)).get("push", Amount()).single == max(pushes - 3, 0)


DAYS = 0b111


@pytest.mark.parametrize(
    ("digest", "policy", "email"),
    [
        (Digest.DAILY, {}, Amount(daily=10, daily_days=DAYS)),
        (Digest.HOURLY, {}, Amount(hourly=10, hourly_days=DAYS)),
        (Digest.NEVER, {"digest": Digest.DAILY}, Amount(single=10)),
        (None, {"digest": Digest.DAILY}, Amount(daily=10, daily_days=DAYS)),
        (None, {"category_rule": Rule(digest=Digest.HOURLY)}, Amount(hourly=10, hourly_days=DAYS)),
        (Digest.DAILY, {"importance": Importance.HIGH}, Amount(single=10)),
        (Digest.DAILY, {"is_secret": True}, Amount(single=10)),
    ],
)
def test_mails_would_have_been_collected(
    digest: Digest | None, policy: dict[str, Any], email: Amount
) -> None:
    found = meant(TEN, Choice(), digest, **policy)
    assert found == {"app": Amount(single=10), "email": email}


def test_what_waits_to_be_read_may_not_have_been_sent() -> None:
    rule = Rule(email_delay=timedelta(minutes=10))
    assert meant(TEN, Choice(), type_rule=rule)["email"] == Amount(single=10, delayed=10)


@pytest.mark.parametrize(
    ("amount", "days", "digests"),
    [
        (Amount(), 31, 0),
        (Amount(daily=1, daily_days=0b1), 31, 1),
        # Before and after the hour of the digest.
        (Amount(daily=9, daily_days=0b1), 31, 2),
        (Amount(daily=9, daily_days=0b101), 31, 4),
        (Amount(daily=900, daily_days=2**30 - 1), 30, 30),
        (Amount(hourly=9, hourly_days=0b1), 31, 9),
        (Amount(hourly=900, hourly_days=0b11), 31, 48),
        (Amount(hourly=3, hourly_days=0b1, daily=1, daily_days=0b1), 31, 4),
    ],
)
def test_digests_are_as_many_as_there_may_have_been(amount: Amount, days: int, digests: int) -> None:
    assert amount.digests(days) == digests


def test_what_there_was_is_told_as_it_was() -> None:
    before = {
        "app": Counts(told=4, required=1, declined=7),
        "email": Counts(collected=5, declined=2, days=0b1),
    }
    assert were(past(before), line(OF_CATEGORY)) == {
        "app": Amount(single=5),
        "email": Amount(hourly=5, hourly_days=0b1),
    }
    daily = past(before, digests={"test": Digest.DAILY})
    assert were(daily, line(OF_CATEGORY))["email"] == Amount(daily=5, daily_days=0b1)


def test_several_kinds_of_events_are_added_up() -> None:
    both = line(OF_CATEGORY, telling(), telling("test.met"))
    found = Past(
        date(2026, 10, 1),
        {
            ("test.told", "probe.ToldNotifier"): {"app": Counts(told=2), "email": Counts(told=2)},
            ("test.met", "probe.ToldNotifier"): {"app": Counts(told=3), "email": Counts(declined=3)},
        },
    )
    assert would_be(found, both, Choice(Preset.EMAIL), None, NAMES)["email"] == Amount(single=5)
    assert were(found, both) == {"app": Amount(single=5), "email": Amount(single=2)}
