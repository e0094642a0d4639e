"""What a choice would have meant last month: its notifications, decided anew by `decide` itself; pure.

Of each notification it is known whether it came, and if not, why. A choice changes what a choice has decided, and what
applies without one. It changes nothing for what is mandatory, nor for what nobody was to hear of: their own act, what
they had muted, nor where there was no way to the person. Rules are as they are today.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace

from engagement.catalogue import Telling
from engagement.channels import channels
from engagement.choices import NOTHING, Scope
from engagement.decide import Choice, Digest, Medium, Policy, Status, Traits, Wait, decide, digest_of
from engagement.past import INBOX, Counts, Past
from engagement.preferences import Line


@dataclass(frozen=True, slots=True)
class Amount:
    """How many messages there are on one channel."""

    #: Each by itself.
    single: int = 0
    #: In digests: how many messages, and the days on which they came, a bit for each.
    hourly: int = 0
    hourly_days: int = 0
    daily: int = 0
    daily_days: int = 0
    #: How many of the single ones wait to be read in the inbox, and may not be sent after all.
    delayed: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        said = {each.name: (getattr(self, each.name), getattr(other, each.name)) for each in fields(self)}
        return Amount(
            **{
                name: one | another if name.endswith("days") else one + another
                for name, (one, another) in said.items()
            }
        )

    def digests(self, days: int) -> int:
        """Return how many digests they fill at the most, in a month of so many days.

        Days are UTC's: what came on one is in the person's digest of that day or of the next.
        """
        daily = min((self.daily_days | self.daily_days << 1).bit_count(), days)
        return min(self.hourly, 24 * self.hourly_days.bit_count()) + min(self.daily, daily)


#: By channel.
Amounts = Mapping[str, Amount]


def were(past: Past, line: Line) -> Amounts:
    """Return what there was of what a line of the preferences is about, whatever was chosen then."""
    found: dict[str, Amount] = {}
    for telling in line.tellings:
        for name, counts in past.of(telling).items():
            found[name] = found.get(name, Amount()) + _was(past, telling, counts)
    return found


def _was(past: Past, telling: Telling, counts: Counts) -> Amount:
    """Return it as an amount; of what was collected it is not known for how long, unless that is daily by now."""
    single = Amount(single=counts.told + counts.required)
    if not counts.collected:
        return single
    digest = digest_of(Traits(digest=past.digests.get(telling.category)), telling.policy)
    if digest == Digest.DAILY:
        return single + Amount(daily=counts.collected, daily_days=counts.days)
    return single + Amount(hourly=counts.collected, hourly_days=counts.days)


def would_be(
    past: Past, line: Line, choice: Choice, digest: Digest | None, names: Collection[str]
) -> Amounts:
    """Return what there would have been on these channels with this choice on this line, and the others as they are."""
    found = {name: Amount() for name in names}
    for telling in line.tellings:
        by_channel = past.of(telling)
        if by_channel:
            traits, policy = _traits(past, line, telling, choice, digest), _switched_on(telling.policy)
            for name in names:
                found[name] += _amount(_medium(name), by_channel, policy, traits)
    return found


def _traits(past: Past, line: Line, telling: Telling, choice: Choice, digest: Digest | None) -> Traits:
    of_type, of_category = Scope(event_type=str(telling.event_type)), Scope(category=telling.category)
    chosen = {**past.chosen, line.scope: choice}
    return Traits(
        type_choice=chosen.get(of_type, NOTHING),
        category_choice=chosen.get(of_category, NOTHING),
        digest=digest if line.scope == of_category else past.digests.get(telling.category),
    )


def _switched_on(policy: Policy) -> Policy:
    """Return it as if nobody had switched it off: last month somebody had not, or there would be nothing to decide."""
    return replace(
        policy,
        type_rule=replace(policy.type_rule, enabled=True),
        category_rule=replace(policy.category_rule, enabled=True),
    )


def _medium(name: str) -> Medium:
    """Return what there is to know of a channel, as if it were set up: whether it was then, the past tells."""
    return replace(channels()[name].medium(), configured=True)


def _amount(medium: Medium, by_channel: Mapping[str, Counts], policy: Policy, traits: Traits) -> Amount:
    """Return how many messages these notifications make on one channel."""
    counts, inbox = by_channel.get(medium.name, Counts()), by_channel.get(INBOX, Counts())
    outcome, required = decide(medium, traits, policy), Amount(single=counts.required)
    if outcome.status == Status.SKIPPED:
        return required
    number, days = _decided(counts, inbox)
    if outcome.wait == Wait.HOURLY:
        return required + Amount(hourly=number, hourly_days=days)
    if outcome.wait == Wait.DAILY:
        return required + Amount(daily=number, daily_days=days)
    return required + Amount(single=number, delayed=number if outcome.wait == Wait.TO_BE_READ else 0)


def _decided(counts: Counts, inbox: Counts) -> tuple[int, int]:
    """Return how many a choice decides, and on which days they came.

    That a further channel was not asked for goes without saying; the inbox knows how many there were altogether.
    """
    unsaid = inbox.open + inbox.required - counts.open - counts.required - counts.unreachable
    return counts.open + max(unsaid, 0), counts.days | (inbox.days if unsaid > 0 else 0)
