"""Notifiers and wordings that would fail, found before anybody waits for a notification."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from engagement import wording
from engagement.channels import channels
from engagement.registry import Notifier, event_type_of, notifiers, permitted_params


@register("engagement")
def check_wordings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Compile every wording file, and miss those that are not there."""
    try:
        return [*_broken(), *_missing(), *_unknown_channels()]
    except wording.WordingError as error:
        return [Error(str(error), hint="Correct the file.", id="engagement.E001")]


@register("engagement")
def check_notifiers(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find notifiers that tell nobody, or do not say why."""
    return [*_without_event(Notifier), *_without_reason()]


def _without_event(base: type[Notifier[Any]]) -> Iterable[CheckMessage]:
    """Look at the classes that nobody subclasses: a base class needs no event."""
    for each in base.__subclasses__():
        yield from _without_event(each)
        forgotten = getattr(each, "event", None) is None and not each.__dict__.get("abstract")
        if forgotten and not each.__subclasses__():
            yield Error(
                f"{each.__module__}.{each.__qualname__} has no event, so nobody hears of anything by it.",
                hint="Set `event` to the payload class, or `abstract = True` if it is the base of others.",
                id="engagement.E006",
            )


def _without_reason() -> Iterable[CheckMessage]:
    for notifier in notifiers:
        if not notifier.reason:
            yield checks.Warning(
                f"{notifier.name} says to nobody why they hear of it.",
                hint='Set `reason`, which ends "You hear of this because ...": "you look after this customer".',
                id="engagement.W007",
            )


def _broken() -> Iterable[CheckMessage]:
    for slug, found in wording.every_wording():
        if event_type_of(slug) is None:
            yield checks.Warning(
                f"{found.source}: no notifier or event type is called {slug}.",
                hint="Name the file after the slug of a notifier, or delete it.",
                id="engagement.W002",
            )
            continue
        try:
            found.check(permitted_params(slug))
        except wording.WordingError as error:
            yield Error(str(error), hint="People would get the fallback notification.", id="engagement.E003")


def _missing() -> Iterable[CheckMessage]:
    for notifier in notifiers:
        slug = notifier.wording_slug()
        if not wording.has_file(slug, "app"):
            yield checks.Warning(
                f"{notifier.name} has no wording for the inbox: people get the fallback notification.",
                hint=f"Write notifications/{slug}.toml in its app, with [{settings.LANGUAGE_CODE}.app].",
                id="engagement.W004",
            )


def _unknown_channels() -> Iterable[CheckMessage]:
    for notifier in notifiers:
        for name in ("channels", "mandatory"):
            yield from _unknown_in(notifier, name)


def _unknown_in(notifier: Notifier[Any], name: str) -> Iterable[CheckMessage]:
    given = getattr(notifier, name)
    unknown = [given] if isinstance(given, str) else sorted(set(given) - channels().keys())
    if unknown:
        yield Error(
            f"{notifier.name}.{name} names {', '.join(unknown)}.",
            hint=f"The channels are {', '.join(channels())}.",
            id="engagement.E005",
        )
