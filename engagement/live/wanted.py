"""What has to be looked up, of what was heard and of who has come."""

import json
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

#: Of so many people the state is read at a time, so that others need not wait for those who come all at once.
STATES_AT_ONCE = 100


@dataclass(slots=True)
class Wanted:
    """People are named by their primary keys, as text: so they come out of JSON, whatever they are."""

    #: Of whom the badge and the newest rows are wanted.
    states: set[str] = field(default_factory=set)
    #: Those among them of whom every client gets it, also if it had one before.
    renewed: set[str] = field(default_factory=set)
    #: First and last NotifiableEvent of batches. Of others there may be some in between: they do no harm.
    batches: list[tuple[int, int]] = field(default_factory=list)
    #: Rows that are not as they were.
    changed: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: Rows that are no more.
    gone: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def __bool__(self) -> bool:
        return bool(self.states or self.batches or self.changed or self.gone)

    def add(self, told: dict[str, Any], connected: Container[str]) -> set[str]:
        """Add what was told, if it concerns somebody who is connected.

        Return of whom so much has changed that a new state is wanted.
        """
        match told:
            case {"batch": _, "first": int(first), "last": int(last)}:
                self.batches.append((first, last))
            case {"changed": person, "ids": None} if str(person) in connected:
                return {str(person)}
            case {"changed": person, "ids": list(ids)} if str(person) in connected:
                self.changed[str(person)] |= set(ids)
            case {"gone": list(pairs)}:
                for person, pk in pairs:
                    if str(person) in connected:
                        self.gone[str(person)].add(pk)
        return set()

    def take(self) -> "Wanted":
        """Return what is to be looked up now, and keep the rest."""
        now = set(sorted(self.states)[:STATES_AT_ONCE])
        taken = Wanted(now, self.renewed & now, self.batches, self.changed, self.gone)
        rest = Wanted(self.states - now, self.renewed - now)
        for name in self.__slots__:
            setattr(self, name, getattr(rest, name))
        return taken


def read_payload(payload: str) -> dict[str, Any]:
    """Return what was told; nothing for what we do not understand, such as what a newer version tells."""
    try:
        told = json.loads(payload)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
