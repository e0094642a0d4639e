"""One person, one channel: the precedence, case by case."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.decide import (
    Choice,
    Importance,
    Medium,
    Policy,
    Preset,
    Reason,
    Rule,
    Status,
    Traits,
    decide,
    is_quiet,
)

INBOX = Medium("app", is_inbox=True)
MAIL = Medium("email")
MAIL_NOT_SET_UP = Medium("email", configured=False)
SMS = Medium("sms")
BOTH = ("app", "email")

TYPE, CATEGORY, DEFAULT = "choice for this event type", "choice for this category", "default"
APPS, EMAIL, NONE = Choice(Preset.APPS), Choice(Preset.EMAIL), Choice(Preset.NONE)
EITHER = Choice(Preset.BOTH)

PRECEDENCE = [
    # the choice for the event type, for the category, the default channels: what comes of app, of email
    (None, None, BOTH, f"created: {DEFAULT}", f"planned: {DEFAULT}"),
    (None, None, ("app",), f"created: {DEFAULT}", f"skipped: {DEFAULT}"),
    (None, None, ("email",), f"skipped: {DEFAULT}", f"planned: {DEFAULT}"),
    (None, None, (), f"skipped: {DEFAULT}", f"skipped: {DEFAULT}"),
    (None, APPS, BOTH, f"created: {CATEGORY}", f"skipped: {CATEGORY}"),
    (None, EMAIL, BOTH, f"skipped: {CATEGORY}", f"planned: {CATEGORY}"),
    (None, EITHER, (), f"created: {CATEGORY}", f"planned: {CATEGORY}"),
    (None, NONE, BOTH, f"skipped: {CATEGORY}", f"skipped: {CATEGORY}"),
    (APPS, None, BOTH, f"created: {TYPE}", f"skipped: {TYPE}"),
    (APPS, EMAIL, (), f"created: {TYPE}", f"skipped: {TYPE}"),
    (APPS, NONE, (), f"created: {TYPE}", f"skipped: {TYPE}"),
    (EMAIL, None, BOTH, f"skipped: {TYPE}", f"planned: {TYPE}"),
    (EMAIL, APPS, BOTH, f"skipped: {TYPE}", f"planned: {TYPE}"),
    (EITHER, None, (), f"created: {TYPE}", f"planned: {TYPE}"),
    (EITHER, NONE, (), f"created: {TYPE}", f"planned: {TYPE}"),
    (NONE, None, BOTH, f"skipped: {TYPE}", f"skipped: {TYPE}"),
    (NONE, EITHER, BOTH, f"skipped: {TYPE}", f"skipped: {TYPE}"),
]


@pytest.mark.parametrize(("by_type", "by_category", "defaults", "app", "email"), PRECEDENCE)
def test_the_most_specific_choice_decides(
    by_type: Choice | None, by_category: Choice | None, defaults: tuple[str, ...], app: str, email: str
) -> None:
    traits = Traits(type_choice=by_type, category_choice=by_category)
    assert str(decide(INBOX, traits, Policy(defaults, False))) == app
    assert str(decide(MAIL, traits, Policy(defaults, False))) == email


BARRED = [
    (Traits(exists=False, active=False, is_actor=True), False, "skipped: person deleted"),
    (Traits(exists=False), True, "skipped: person deleted"),
    (Traits(active=False, is_actor=True), False, "skipped: account inactive"),
    (Traits(active=False), True, "skipped: account inactive"),
    (Traits(is_actor=True), False, "skipped: own act"),
    (Traits(is_actor=True, type_choice=EITHER, category_choice=EITHER), False, "skipped: own act"),
    (Traits(is_actor=True), True, "created: default"),
    (Traits(is_actor=True, type_choice=NONE), True, f"skipped: {TYPE}"),
]


@pytest.mark.parametrize(("traits", "notify_actor", "outcome"), BARRED)
def test_who_must_not_be_told_is_skipped_whatever_they_chose(
    traits: Traits, notify_actor: bool, outcome: str
) -> None:
    assert str(decide(INBOX, traits, Policy(BOTH, notify_actor))) == outcome


NOT_SET_UP = [
    (Traits(), BOTH, "skipped: channel not configured"),
    (Traits(type_choice=EMAIL), (), "skipped: channel not configured"),
    (Traits(category_choice=EITHER), (), "skipped: channel not configured"),
    (Traits(type_choice=NONE), BOTH, f"skipped: {TYPE}"),
    (Traits(category_choice=APPS), BOTH, f"skipped: {CATEGORY}"),
    (Traits(), ("app",), f"skipped: {DEFAULT}"),
    (Traits(exists=False), BOTH, "skipped: person deleted"),
]


@pytest.mark.parametrize(("traits", "defaults", "outcome"), NOT_SET_UP)
def test_a_channel_that_is_not_configured_says_so_only_to_who_wanted_it(
    traits: Traits, defaults: tuple[str, ...], outcome: str
) -> None:
    assert str(decide(MAIL_NOT_SET_UP, traits, Policy(defaults, False))) == outcome


@pytest.mark.parametrize("preset", list(Preset))
def test_a_preset_says_nothing_of_channels_that_it_does_not_name(preset: Preset) -> None:
    traits = Traits(type_choice=Choice(preset), category_choice=Choice(preset))
    assert str(decide(SMS, traits, Policy(("sms",)))) == "planned: default"
    assert str(decide(SMS, traits, Policy(BOTH, False))) == "skipped: default"


TYPE_RULE, CATEGORY_RULE = "rule for this event type", "rule for this category"
APP_ONLY, MAIL_ONLY, NOTHING = Rule(frozenset({"app"})), Rule(frozenset({"email"})), Rule(frozenset())
MUST_MAIL = Rule(mandatory=frozenset({"email"}))
OFF = Rule(enabled=False)

#: Each line adds what goes before the lines below it; the outcome on email.
ORDER = [
    (Traits(exists=False), Policy(retracted=True), "skipped: person deleted"),
    (Traits(active=False), Policy(retracted=True), "skipped: account inactive"),
    (Traits(is_actor=True), Policy(retracted=True, expired=True), "skipped: retracted"),
    (Traits(is_actor=True), Policy(expired=True, type_rule=OFF), "skipped: expired"),
    (Traits(is_actor=True), Policy(type_rule=OFF), "skipped: switched off"),
    (Traits(is_actor=True), Policy(category_rule=OFF), "skipped: switched off"),
    (Traits(is_actor=True, muted=True), Policy(), "skipped: own act"),
    (Traits(muted=True), Policy(mandatory=frozenset({"email"})), "skipped: muted"),
    (Traits(type_choice=NONE), Policy((), mandatory=frozenset({"email"})), "planned: mandatory"),
    (Traits(type_choice=NONE), Policy((), type_rule=MUST_MAIL), "planned: mandatory"),
    (Traits(type_choice=NONE), Policy((), category_rule=MUST_MAIL), "planned: mandatory"),
    (Traits(type_choice=NONE, category_choice=EITHER), Policy(), f"skipped: {TYPE}"),
    (Traits(category_choice=NONE), Policy(type_rule=MAIL_ONLY), f"skipped: {CATEGORY}"),
    (Traits(), Policy((), type_rule=MAIL_ONLY, category_rule=NOTHING), f"planned: {TYPE_RULE}"),
    (Traits(), Policy(type_rule=APP_ONLY, category_rule=MAIL_ONLY), f"skipped: {TYPE_RULE}"),
    (Traits(), Policy((), category_rule=MAIL_ONLY), f"planned: {CATEGORY_RULE}"),
    (Traits(), Policy(category_rule=NOTHING), f"skipped: {CATEGORY_RULE}"),
    (Traits(quiet=True), Policy(()), f"skipped: {DEFAULT}"),
    (Traits(quiet=True, no_endpoint=frozenset({"email"})), Policy(), "skipped: no endpoint"),
    (Traits(quiet=True, suppressed=frozenset({"email"})), Policy(), "skipped: endpoint suppressed"),
    (
        Traits(no_endpoint=frozenset({"email"}), suppressed=frozenset({"email"})),
        Policy(),
        "skipped: no endpoint",
    ),
    (Traits(quiet=True), Policy(), f"planned: {DEFAULT}, held"),
    (Traits(quiet=True, type_choice=EMAIL), Policy(), f"planned: {TYPE}, held"),
    (Traits(quiet=True), Policy(importance=Importance.HIGH), f"planned: {DEFAULT}"),
    (Traits(quiet=True), Policy(type_rule=MUST_MAIL), "planned: mandatory"),
    (Traits(quiet=True), Policy(is_secret=True), f"planned: {DEFAULT}"),
    (Traits(), Policy(), f"planned: {DEFAULT}"),
]


@pytest.mark.parametrize(("traits", "policy", "outcome"), ORDER)
def test_the_first_that_applies_decides(traits: Traits, policy: Policy, outcome: str) -> None:
    assert str(decide(MAIL, traits, policy)) == outcome


def test_what_reaches_nobody_says_so_before_that_it_is_not_configured() -> None:
    nowhere = Traits(no_endpoint=frozenset({"email"}))
    assert str(decide(MAIL_NOT_SET_UP, nowhere, Policy())) == "skipped: no endpoint"


def test_quiet_hours_do_not_hold_back_the_inbox() -> None:
    assert str(decide(INBOX, Traits(quiet=True), Policy())) == "created: default"


@pytest.mark.parametrize(
    ("choice", "outcome"),
    [
        (Choice(None, (("sms", True),)), f"planned: {TYPE}"),
        (Choice(Preset.NONE, (("sms", True),)), f"planned: {TYPE}"),
        (Choice(Preset.BOTH, (("sms", False),)), f"skipped: {TYPE}"),
        (Choice(Preset.BOTH, (("push", True),)), f"skipped: {DEFAULT}"),
    ],
)
def test_further_channels_are_chosen_one_by_one(choice: Choice, outcome: str) -> None:
    assert str(decide(SMS, Traits(type_choice=choice), Policy())) == outcome


def test_a_choice_that_says_nothing_leaves_it_to_the_next() -> None:
    traits = Traits(type_choice=Choice(None, (("sms", False),)), category_choice=NONE)
    assert str(decide(INBOX, traits, Policy())) == f"skipped: {CATEGORY}"


@pytest.mark.parametrize(
    ("now", "start", "end", "quiet"),
    [
        ("23:30", "22:00", "07:00", True),
        ("03:00", "22:00", "07:00", True),
        ("22:00", "22:00", "07:00", True),
        ("07:00", "22:00", "07:00", False),
        ("12:00", "22:00", "07:00", False),
        ("13:00", "12:30", "14:00", True),
        ("14:00", "12:30", "14:00", False),
        ("12:00", "12:30", "14:00", False),
        ("12:30", "12:30", "12:30", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(now: str, start: str, end: str, quiet: bool) -> None:
    assert is_quiet(*map(time.fromisoformat, (now, start, end))) is quiet


CHANNELS = ["app", "email", "sms", "push"]
some_channels = st.frozensets(st.sampled_from(CHANNELS))
choices = st.none() | st.builds(
    Choice,
    st.none() | st.sampled_from(Preset),
    st.lists(st.tuples(st.sampled_from(["sms", "push"]), st.booleans()), max_size=2).map(tuple),
)
rules = st.builds(Rule, st.none() | some_channels, some_channels, st.booleans())


@given(
    medium=st.builds(Medium, st.sampled_from(CHANNELS), st.booleans(), st.booleans()),
    traits=st.builds(
        Traits,
        *[st.booleans()] * 4,
        choices,
        choices,
        st.booleans(),
        some_channels,
        some_channels,
    ),
    policy=st.builds(
        Policy,
        some_channels,
        st.booleans(),
        some_channels,
        st.sampled_from(Importance),
        rules,
        rules,
        st.booleans(),
        st.booleans(),
    ),
)
def test_every_case_has_one_outcome_whose_reason_fits_its_status(
    medium: Medium, traits: Traits, policy: Policy
) -> None:
    outcome = decide(medium, traits, policy)
    if outcome.status == Status.SKIPPED:
        assert not outcome.wait
        return
    assert outcome.reason in {
        Reason.MANDATORY,
        Reason.EVENT_TYPE,
        Reason.CATEGORY,
        Reason.EVENT_TYPE_RULE,
        Reason.CATEGORY_RULE,
        Reason.DEFAULT,
    }
    assert medium.configured
    assert traits.exists
    assert traits.active
    assert not traits.muted
    assert policy.notify_actor or not traits.is_actor
    assert policy.type_rule.enabled
    assert policy.category_rule.enabled
    assert not policy.retracted
    assert not policy.expired
    assert medium.name not in traits.no_endpoint | traits.suppressed
    assert (outcome.status == Status.CREATED) == medium.is_inbox


def test_an_outcome_is_stored_as_status_and_reason() -> None:
    outcome = decide(INBOX, Traits(), Policy(BOTH, False))
    assert (outcome.status, outcome.reason, str(outcome)) == ("created", "default", "created: default")
