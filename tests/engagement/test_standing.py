"""What applies without a choice, and what no choice can change: in words."""

from datetime import timedelta
from typing import Any

import pytest

from engagement.catalogue import Telling
from engagement.decide import Choice, Digest, Importance, Policy, Preset, Rule
from engagement.standing import always_on, collected_otherwise, comes_otherwise, delayed, notes_on, otherwise
from events.bus import EventTypes

APP, NOBODY, TEN = frozenset({"app"}), Rule(enabled=False), timedelta(minutes=10)


def telling(reason: str = "you are on the list", **policy: Any) -> Telling:
    return Telling(EventTypes["test.told"], "test", reason, Policy(**policy))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({}, "Inbox and Email, the default"),
        ({"defaults": ("app",)}, "Inbox, the default"),
        ({"defaults": ()}, "nowhere, the default"),
        (
            {"type_rule": Rule(APP)},
            "Inbox, as your administrators have set it for this kind of event",
        ),
        ({"category_rule": Rule(APP)}, "Inbox, as your administrators have set it for this category"),
        ({"mandatory": APP, "defaults": ()}, "Inbox, the default"),
        ({"mandatory": frozenset({"app", "email"})}, "Inbox and Email, which cannot be switched off"),
        ({"type_rule": NOBODY}, "nowhere, switched off for everybody at present"),
    ],
)
def test_what_applies_without_a_choice(policy: dict[str, Any], words: str) -> None:
    assert otherwise([telling(**policy)]) == words


def test_the_choice_for_the_category_comes_before_the_default() -> None:
    chosen = {"test": Choice(Preset.EMAIL)}
    assert otherwise([telling()], chosen) == "Email, as you chose for the category"
    assert otherwise([telling()], {"other": Choice(Preset.EMAIL)}) == "Inbox and Email, the default"


def test_what_differs_from_one_way_of_telling_to_the_other_depends() -> None:
    found = otherwise([telling(), telling(defaults=("app",))])
    assert found == "it depends on the event and on why it concerns you"


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ({"mandatory": APP}, "it is part of what this kind of notification is for."),
        ({"type_rule": Rule(mandatory=APP)}, "your administrators require it for this kind of event."),
        ({"category_rule": Rule(mandatory=APP)}, "your administrators require it for this category."),
    ],
)
def test_what_is_mandatory_says_why(policy: dict[str, Any], why: str) -> None:
    assert always_on([telling(**policy)]) == {"app": f"Inbox is always on: {why}"}


def test_what_is_mandatory_in_some_cases_is_a_note() -> None:
    tellings = [telling(), telling("you made it", mandatory=APP)]
    assert always_on(tellings) == {}
    assert notes_on(tellings, lambda each: f"where {each.reason}") == [
        "Inbox is always on where you made it."
    ]


def test_what_is_switched_off_for_everybody_is_a_note() -> None:
    off = telling(type_rule=NOBODY)
    assert notes_on([off], str) == ["At present your administrators have switched this off for everybody."]
    assert notes_on([off, telling()], str) == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({}, "At once, the default"),
        ({"digest": Digest.DAILY}, "Daily digest, the default"),
        ({"type_rule": Rule(digest=Digest.NEVER)}, "At once, as your administrators have set it"),
        ({"category_rule": Rule(digest=Digest.HOURLY)}, "Hourly digest, as your administrators have set it"),
        ({"importance": Importance.HIGH, "digest": Digest.DAILY}, ""),
        ({"is_secret": True, "digest": Digest.DAILY}, ""),
        ({"mandatory": frozenset({"email"}), "digest": Digest.DAILY}, ""),
        ({"mandatory": APP}, "At once, the default"),
        ({"email_delay": TEN}, "After 10 minutes, if it is unread by then, the default"),
        ({"email_delay": TEN, "digest": Digest.DAILY}, "Daily digest, the default"),
        (
            {"type_rule": Rule(email_delay=timedelta(hours=1))},
            "After 1 hour, if it is unread by then, as your administrators have set it",
        ),
        (
            {"email_delay": TEN, "category_rule": Rule(email_delay=timedelta(0))},
            "At once, the default",
        ),
    ],
)
def test_whether_mails_are_collected_without_a_choice(policy: dict[str, Any], words: str) -> None:
    assert collected_otherwise([telling(**policy)]) == words
    # What waits for nothing has no say.
    assert collected_otherwise([telling(**policy), telling(importance=Importance.HIGH)]) == words


def test_whether_mails_are_collected_may_depend() -> None:
    found = collected_otherwise([telling(), telling(digest=Digest.DAILY)])
    assert found == "it depends on the event and on why it concerns you"


def test_at_once_says_that_mails_wait_to_be_read_where_they_do() -> None:
    waits, does_not = telling(email_delay=TEN, digest=Digest.DAILY), telling()
    assert delayed([waits]) == "“At once” means after 10 minutes, if it is unread by then."
    assert "for some of them" in delayed([waits, does_not])
    assert delayed([does_not]) == delayed([telling(email_delay=TEN, importance=Importance.HIGH)]) == ""


def test_what_is_switched_off_at_present_comes_otherwise() -> None:
    off = telling(type_rule=NOBODY, category_rule=Rule(APP, enabled=False))
    assert (comes_otherwise(off, "app"), comes_otherwise(off, "email")) == (True, False)
