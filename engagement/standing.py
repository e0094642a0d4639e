"""What stands whatever a person chooses, and what applies where they have not chosen: in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagement.catalogue import Telling
from engagement.channels import channels
from engagement.decide import Choice, Medium, Outcome, Reason, Status, Traits, decide

WHY: dict[Reason, str | Promise] = {
    Reason.SWITCHED_OFF: gettext_lazy("switched off for everybody at present"),
    Reason.MANDATORY: gettext_lazy("which cannot be switched off"),
    Reason.CATEGORY: gettext_lazy("as you chose for the category"),
    Reason.EVENT_TYPE_RULE: gettext_lazy("as your administrators have set it for this kind of event"),
    Reason.CATEGORY_RULE: gettext_lazy("as your administrators have set it for this category"),
    Reason.DEFAULT: gettext_lazy("the default"),
}
Categories = Mapping[str, Choice | None]


def otherwise(tellings: Sequence[Telling], chosen: Categories | None = None) -> str:
    """Return what applies without a choice: "Inbox and Email, the default".

    `chosen` has the person's choices by category, where these come before it.
    """
    found = {_applies(telling, (chosen or {}).get(telling.category)) for telling in tellings}
    return found.pop() if len(found) == 1 else _("it depends on the event and on why it concerns you")


def _applies(telling: Telling, category_choice: Choice | None) -> str:
    outcomes = _outcomes(telling, Traits(category_choice=category_choice))
    wanted = [name for name, outcome in outcomes.items() if outcome.status != Status.SKIPPED]
    reasons = sorted({outcome.reason for outcome in outcomes.values()}, key=list(WHY).index)
    # What is mandatory is told apart; so it is the reason only if there is no other.
    reason = next((each for each in reasons if each != Reason.MANDATORY), Reason.MANDATORY)
    return f"{labels_of(wanted) or _('nowhere')}, {WHY[reason]}"


def _outcomes(telling: Telling, traits: Traits) -> dict[str, Outcome]:
    """Ask `decide` itself, as if every channel were set up."""
    return {name: decide(Medium(name), traits, telling.policy) for name in channels()}


def labels_of(names: Iterable[str]) -> str:
    """Return channels as people call them: "Inbox and Email"."""
    known = channels()
    return get_text_list([str(known[name].label) for name in names if name in known], _("and"))


def always_on(tellings: Sequence[Telling]) -> dict[str, str]:
    """Return the channels that nobody can switch off, however it is told, each with a sentence that says why."""
    return {
        name: _("%(channel)s is always on: %(why)s")
        % {"channel": channels()[name].label, "why": _why_required(tellings[0], name)}
        for name in channels()
        if all(telling.policy.requires(name) for telling in tellings)
    }


def _why_required(telling: Telling, channel: str) -> str:
    if channel in telling.policy.type_rule.mandatory:
        return _("your administrators require it for this kind of event.")
    if channel in telling.policy.category_rule.mandatory:
        return _("your administrators require it for this category.")
    return _("it is part of what this kind of notification is for.")


def notes_on(tellings: Sequence[Telling], case: Callable[[Telling], str]) -> list[str]:
    """Return what else to know: which channels are always on in some of the cases, and that all is switched off."""
    return [*_switched_off(tellings), *_partly_on(tellings, case)]


def _switched_off(tellings: Sequence[Telling]) -> list[str]:
    enabled = [each.policy.type_rule.enabled and each.policy.category_rule.enabled for each in tellings]
    return [] if any(enabled) else [_("At present your administrators have switched this off for everybody.")]


def _partly_on(tellings: Sequence[Telling], case: Callable[[Telling], str]) -> list[str]:
    found = []
    for name, channel in channels().items():
        required = [telling for telling in tellings if telling.policy.requires(name)]
        if required and len(required) < len(tellings):
            cases = get_text_list(list(dict.fromkeys(case(each) for each in required)), _("and"))
            found.append(
                _("%(channel)s is always on %(cases)s.") % {"channel": channel.label, "cases": cases}
            )
    return found
