"""Opting out of the mails of a category: by the button of a mail program, or by the link in the mail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engagement.catalogue import Topic, topics
from engagement.choices import Chosen, Scope, chosen_by, one_after_the_other, save
from engagement.decide import Choice, Preset
from engagement.standing import (
    EMAIL,
    always_on,
    comes_otherwise,
    for_event_type,
    partly_on,
)
from engagement.subject import label_of_category

#: What a preset becomes; the others have no mails in them.
WITHOUT_MAILS = {Preset.BOTH: Preset.APPS, Preset.EMAIL: Preset.NONE}


@dataclass(frozen=True, slots=True)
class Subscription:
    """The mails of a category."""

    category: str
    label: str
    #: Why they cannot be switched off, in a sentence; empty if they can.
    required: str
    #: Of which of them nobody can opt out all the same, in a sentence; empty for none.
    note: str


def subscriptions(categories: Iterable[str]) -> list[Subscription]:
    """Return what there is to opt out of, in the order of names; a category that is no more is left out."""
    return _subscriptions(topics(), categories)


def _subscriptions(every: Sequence[Topic], categories: Iterable[str]) -> list[Subscription]:
    found = []
    for category in sorted(set(categories)):
        tellings = [each for topic in every for each in topic.tellings if each.category == category]
        if tellings:
            required = always_on(tellings).get(EMAIL, "")
            note = partly_on(EMAIL, tellings, for_event_type)
            found.append(Subscription(category, label_of_category(category), required, note))
    return found


def is_unsubscribed(person: Any, categories: Iterable[str]) -> dict[str, bool]:
    """Tell of each category whether its mails were switched off already, so far as they can be; in three queries."""
    every, chosen = topics(), chosen_by(person)
    return {name: not without_mails(name, every, chosen) for name in categories}


def unsubscribe(person: Any, categories: Iterable[str]) -> list[str]:
    """Switch the mails of these categories off, and nothing else; return the names of those that could be.

    It can be done again, and at the same time, without harm. What is mandatory is sent all the same.
    """
    every = topics()
    names = [each.category for each in _subscriptions(every, categories) if not each.required]
    with one_after_the_other(person):
        chosen = chosen_by(person)
        for category in names:
            save(person, without_mails(category, every, chosen))
    return names


def without_mails(category: str, every: Sequence[Topic], chosen: Chosen) -> dict[Scope, Choice]:
    """Return the choices to be saved, so that no mails of a category come; pure.

    A type that is told in another category as well loses its mails there too if they were chosen for the type.
    """
    told = [topic for topic in every if category in _categories(topic)]
    wanted = _of_types(told, chosen) | _of_category(category, told, chosen)
    return {scope: choice for scope, choice in wanted.items() if choice != chosen.of(scope)}


def _categories(topic: Topic) -> set[str]:
    return {telling.category for telling in topic.tellings}


def _of_types(told: Sequence[Topic], chosen: Chosen) -> dict[Scope, Choice]:
    """Return the choices for event types, which come before the category's, without mails."""
    scopes = [Scope(event_type=str(topic.event_type)) for topic in told]
    return {scope: _without_mails(chosen.of(scope)) for scope in scopes if chosen.of(scope).preset}


def _of_category(category: str, told: Sequence[Topic], chosen: Chosen) -> dict[Scope, Choice]:
    """Return the choice for the category without mails.

    Where there was none, the inbox has to be chosen as well, and is as it was: a preset speaks for both.
    """
    scope = Scope(category=category)
    choice = chosen.of(scope)
    if choice.preset:
        return {scope: _without_mails(choice)}
    outside = [topic for topic in told if not _comes_to_inbox(topic, category)]
    if len(outside) == len(told):
        return {scope: replace(choice, preset=Preset.NONE)}
    kept_out = [Scope(event_type=str(topic.event_type)) for topic in outside if len(_categories(topic)) == 1]
    return {scope: replace(choice, preset=Preset.APPS)} | {
        each: replace(chosen.of(each), preset=Preset.NONE) for each in kept_out if not chosen.of(each).preset
    }


def _without_mails(choice: Choice) -> Choice:
    return replace(choice, preset=choice.preset and WITHOUT_MAILS.get(choice.preset, choice.preset))


def _comes_to_inbox(topic: Topic, category: str) -> bool:
    tellings = [telling for telling in topic.tellings if telling.category == category]
    return any(comes_otherwise(telling, "app") for telling in tellings)
