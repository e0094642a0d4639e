"""What applies without a choice, and what no choice can change: in words."""

from typing import Any

import pytest

from engagement.catalogue import Telling
from engagement.decide import Choice, Policy, Preset, Rule
from engagement.standing import always_on, notes_on, otherwise
from events.bus import EventTypes

APP, NOBODY = frozenset({"app"}), Rule(enabled=False)


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
