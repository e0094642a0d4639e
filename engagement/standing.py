"""What stands whatever a person chooses, and what applies where they have not chosen: in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from engagement.catalogue import Telling
from engagement.channels import channels
from engagement.decide import (
    Choice,
    Digest,
    Medium,
    Outcome,
    Reason,
    Status,
    Traits,
    decide,
    digest_of,
    email_delay_of,
    is_implied,
    never_waits,
)
from engagement.timing import counted

WHY: dict[Reason, str | Promise] = {
    Reason.SWITCHED_OFF: gettext_lazy("switched off for everybody at present"),
    Reason.MANDATORY: gettext_lazy("which cannot be switched off"),
    Reason.CATEGORY: gettext_lazy("as you chose for the category"),
    Reason.EVENT_TYPE_RULE: gettext_lazy("as your administrators have set it for this kind of event"),
    Reason.CATEGORY_RULE: gettext_lazy("as your administrators have set it for this category"),
    Reason.DEFAULT: gettext_lazy("the default"),
}
#: The channel whose messages are collected, and that is switched off by a link in them.
EMAIL = "email"
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
    told = {each.reason for name, each in outcomes.items() if not is_implied(Medium(name), each)}
    reasons = sorted(told, key=list(WHY).index)
    # What is mandatory is told apart; so it is the reason only if there is no other.
    reason = next((each for each in reasons if each != Reason.MANDATORY), Reason.MANDATORY)
    return f"{labels_of(wanted) or _('nowhere')}, {WHY[reason]}"


def _outcomes(telling: Telling, traits: Traits) -> dict[str, Outcome]:
    """Ask `decide` itself, as if every channel were set up."""
    return {name: decide(Medium(name), traits, telling.policy) for name in channels()}


def comes_otherwise(telling: Telling, channel: str) -> bool:
    """Tell whether it comes by this channel without a choice, were it not switched off at present."""
    policy = telling.policy
    on = replace(
        policy,
        type_rule=replace(policy.type_rule, enabled=True),
        category_rule=replace(policy.category_rule, enabled=True),
    )
    return decide(Medium(channel), Traits(), on).status != Status.SKIPPED


def collected_otherwise(tellings: Sequence[Telling]) -> str:
    """Return whether mails are collected without a choice: "Daily digest, the default"; empty if none ever is."""
    found = {_collected(telling) for telling in tellings if _may_wait(telling)}
    if len(found) > 1:
        return _("it depends on the event and on why it concerns you")
    return found.pop() if found else ""


def _may_wait(telling: Telling) -> bool:
    """Tell whether its mails wait for anything at all: see `decide`."""
    return not (never_waits(Reason.DEFAULT, telling.policy) or telling.policy.requires(EMAIL))


def _collected(telling: Telling) -> str:
    policy, collected = telling.policy, digest_of(Traits(), telling.policy)
    delay = email_delay_of(policy) if collected == Digest.NEVER else timedelta(0)
    said = [
        (rule.digest, rule.email_delay if delay else None)
        for rule in (policy.type_rule, policy.category_rule)
    ]
    why = (
        _("as your administrators have set it")
        if any(each != (None, None) for each in said)
        else WHY[Reason.DEFAULT]
    )
    return f"{capfirst(_after(delay)) if delay else collected.label}, {why}"


def delayed(tellings: Sequence[Telling]) -> str:
    """Return what "At once" means where mails wait to be read, in a sentence; empty if it means that."""
    delays = {email_delay_of(telling.policy) for telling in tellings if _may_wait(telling)}
    if not any(delays):
        return ""
    if len(delays) > 1:
        return _("“At once” means, for some of them, a while later, if it is unread by then.")
    return _("“At once” means %s.") % _after(delays.pop())


def _after(delay: timedelta) -> str:
    """Return how a mail waits to be read: "after 10 minutes, if it is unread by then"."""
    number, unit = counted(delay)
    words = {
        "hour": ngettext("%g hour", "%g hours", number),
        "minute": ngettext("%g minute", "%g minutes", number),
        "second": ngettext("%g second", "%g seconds", number),
    }
    return _("after %s, if it is unread by then") % (words[unit] % number)


def labels_of(names: Iterable[str]) -> str:
    """Return channels as people call them: "Inbox and Email"."""
    known = channels()
    return get_text_list([str(known[name].label) for name in names if name in known], _("and"))


def for_event_type(telling: Telling) -> str:
    """Return a case by the kind of event: "for Product created"."""
    return _("for %s") % telling.event_type.display_name


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
    partly = (partly_on(name, tellings, case) for name in channels())
    return [*_switched_off(tellings), *(each for each in partly if each)]


def _switched_off(tellings: Sequence[Telling]) -> list[str]:
    enabled = [each.policy.type_rule.enabled and each.policy.category_rule.enabled for each in tellings]
    return [] if any(enabled) else [_("At present your administrators have switched this off for everybody.")]


def partly_on(channel: str, tellings: Sequence[Telling], case: Callable[[Telling], str]) -> str:
    """Return in which cases a channel cannot be switched off; empty for none of them, and for all."""
    required = [telling for telling in tellings if telling.policy.requires(channel)]
    if not required or len(required) == len(tellings):
        return ""
    cases = get_text_list(list(dict.fromkeys(case(each) for each in required)), _("and"))
    return _("%(channel)s is always on %(cases)s.") % {"channel": channels()[channel].label, "cases": cases}
