"""One person, one channel: the precedence, case by case."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.decide import Medium, Preset, Reason, Status, Traits, decide

INBOX = Medium("app", is_inbox=True)
MAIL = Medium("email")
MAIL_NOT_SET_UP = Medium("email", configured=False)
SMS = Medium("sms")
BOTH = ("app", "email")

TYPE, CATEGORY, DEFAULT = "choice for this event type", "choice for this category", "default"
APPS, EMAIL, NONE = Preset.APPS, Preset.EMAIL, Preset.NONE
EITHER = Preset.BOTH

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
    by_type: Preset | None, by_category: Preset | None, defaults: tuple[str, ...], app: str, email: str
) -> None:
    traits = Traits(type_choice=by_type, category_choice=by_category)
    assert str(decide(INBOX, traits, defaults=defaults, notify_actor=False)) == app
    assert str(decide(MAIL, traits, defaults=defaults, notify_actor=False)) == email


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
    assert str(decide(INBOX, traits, defaults=BOTH, notify_actor=notify_actor)) == outcome


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
    assert str(decide(MAIL_NOT_SET_UP, traits, defaults=defaults, notify_actor=False)) == outcome


@pytest.mark.parametrize("preset", list(Preset))
def test_a_preset_says_nothing_of_channels_that_it_does_not_name(preset: Preset) -> None:
    traits = Traits(type_choice=preset, category_choice=preset)
    assert str(decide(SMS, traits, defaults=("sms",), notify_actor=False)) == "planned: default"
    assert str(decide(SMS, traits, defaults=BOTH, notify_actor=False)) == "skipped: default"


CHOICES = [None, *Preset]
EVERY_TRAITS = [
    Traits(*each) for each in product([True, False], [True, False], [True, False], CHOICES, CHOICES)
]


@given(
    traits=st.sampled_from(EVERY_TRAITS),
    medium=st.builds(Medium, st.sampled_from(["app", "email", "sms", "push"]), st.booleans(), st.booleans()),
    defaults=st.frozensets(st.sampled_from(["app", "email", "sms", "push"])),
    notify_actor=st.booleans(),
)
def test_every_case_has_one_outcome_whose_reason_fits_its_status(
    traits: Traits, medium: Medium, defaults: frozenset[str], notify_actor: bool
) -> None:
    outcome = decide(medium, traits, defaults=defaults, notify_actor=notify_actor)
    chosen = {Reason.EVENT_TYPE, Reason.CATEGORY, Reason.DEFAULT}
    if outcome.status == Status.SKIPPED:
        assert outcome.reason in set(Reason)
    else:
        assert outcome.reason in chosen
        assert medium.configured
        assert traits.exists
        assert traits.active
        assert notify_actor or not traits.is_actor
        assert (outcome.status == Status.CREATED) == medium.is_inbox


def test_an_outcome_is_stored_as_status_and_reason() -> None:
    outcome = decide(INBOX, Traits(), defaults=BOTH, notify_actor=False)
    assert (outcome.status, outcome.reason, str(outcome)) == ("created", "default", "created: default")
