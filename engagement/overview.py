"""All categories and channels at a glance: what comes where, as it is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.functional import Promise

from engagement.catalogue import Telling
from engagement.channels import channels
from engagement.choices import NOTHING, Scope
from engagement.decide import WAITS, Choice, Outcome, Reason, Status, Traits, decide
from engagement.past import INBOX
from engagement.preferences import Line, Section
from engagement.standing import EMAIL


class Extent(StrEnum):
    """How much of a category comes on a channel."""

    ALL = "all"
    SOME = "some"
    NONE = "none"
    #: All of it, and nobody can switch it off.
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Cell:
    """One category on one channel."""

    channel: str | Promise
    extent: Extent
    #: "Daily digest", where all that comes is collected so; empty otherwise.
    digest: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """A table: the labels of the channels, and a row of cells for each category."""

    columns: Sequence[str | Promise]
    rows: Sequence[tuple[Line, Sequence[Cell]]]


def overview(sections: Sequence[Section]) -> Overview:
    """Return the table; it asks `decide` itself, as if every channel were set up."""
    names = _names(sections)
    chosen = {line.scope: line.chosen for section in sections for line in section.lines}
    rows = [(section.line, [_cell(section.line, name, chosen) for name in names]) for section in sections]
    return Overview([channels()[name].label for name in names], rows)


def _names(sections: Sequence[Section]) -> list[str]:
    further = {name for section in sections for name in section.line.further}
    return [name for name in channels() if name in {INBOX, EMAIL} | further]


def _cell(line: Line, name: str, chosen: dict[Scope, Choice]) -> Cell:
    outcomes = [_outcome(telling, line, name, chosen) for telling in line.tellings]
    told = [each for each in outcomes if each.status != Status.SKIPPED]
    waits = {each.wait for each in told}
    digest = next((each.label for each, wait in WAITS.items() if wait.is_digest and waits == {wait}), "")
    return Cell(channels()[name].label, _extent(outcomes, told), digest)


def _extent(outcomes: Sequence[Outcome], told: Sequence[Outcome]) -> Extent:
    if not told:
        return Extent.NONE
    if len(told) < len(outcomes):
        return Extent.SOME
    return Extent.ALWAYS if all(each.reason == Reason.MANDATORY for each in told) else Extent.ALL


def _outcome(telling: Telling, line: Line, name: str, chosen: dict[Scope, Choice]) -> Outcome:
    medium = replace(channels()[name].medium(), configured=True)
    traits = Traits(
        type_choice=chosen.get(Scope(event_type=str(telling.event_type)), NOTHING),
        category_choice=line.chosen,
        digest=line.digest,
    )
    return decide(medium, traits, telling.policy)
