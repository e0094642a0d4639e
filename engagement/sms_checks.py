"""What would be wrong with text messages, found at start: nobody sends them, they reach nobody, or cost twice."""

from collections.abc import Iterable, Iterator
from typing import Any

import phonenumbers
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from engagement import wording
from engagement.conf import conf
from engagement.preview import TEXT_MESSAGES, of_example
from engagement.registry import Notifier, notifiers
from engagement.sms import UnknownProvider, chosen
from engagement.sms.chosen import PROVIDERS

#: A name of usual length.
PERSON = "Alexandra Sharma"
NAMES = ", ".join(f'"{name}"' for name in PROVIDERS)


@register("engagement")
def check_sms(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find why text messages would not be sent, or to nobody."""
    return [*_unknown_region(), *_bad_provider()]


def _unknown_region() -> Iterable[CheckMessage]:
    if conf.sms_region and conf.sms_region not in phonenumbers.SUPPORTED_REGIONS:
        yield Error(
            f"ENGAGEMENT_SMS_REGION is {conf.sms_region!r}, which is no country.",
            hint='Set it to two capital letters (ISO 3166-1): "NP".',
            id="engagement.E020",
        )


def _bad_provider() -> Iterable[CheckMessage]:
    try:
        provider = chosen()
    except UnknownProvider as error:
        hint = f"Set it to one of {NAMES}, or to the path of a subclass of engagement.sms.SmsProvider."
        yield Error(str(error), hint=hint, id="engagement.E021")
        return
    if provider is None:
        yield from _nobody()
    elif not provider.configured():
        hint = (
            f"Set {' and '.join(provider.needs)}."
            if provider.needs
            else "See what its configured() asks for."
        )
        said = f"{provider.name} is to send text messages, but is not configured, so none is sent."
        yield checks.Warning(said, hint=hint, id="engagement.W022")
    elif provider.name == "console" and not settings.DEBUG:
        yield checks.Warning(
            "Text messages go into the log, and to nobody.",
            hint="Set ENGAGEMENT_SMS_PROVIDER to a provider that sends them.",
            id="engagement.W023",
        )


def _nobody() -> Iterable[CheckMessage]:
    names = [each.name for each in notifiers if _sends(each)]
    if names:
        yield checks.Warning(
            f"There is no provider of text messages, so none is sent: not by {', '.join(names[:3])}"
            f"{' ...' * (len(names) > 3)}",
            hint=f"Set ENGAGEMENT_SMS_PROVIDER to one of {NAMES}, or to the path of your own.",
            id="engagement.W024",
        )


@register("engagement")
def check_length(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find wordings of text messages that become several of them with the notifier's example."""
    try:
        return [found for slug in _slugs() for found in _long(slug)]
    except wording.WordingError:
        return []  # check_wordings says so.


def _slugs() -> list[str]:
    """Return what is told by text message unless people choose otherwise, or is worded for it."""
    return sorted({each.wording_slug() for each in notifiers if _sends(each) or _is_worded(each)})


def _is_worded(notifier: Notifier[Any]) -> bool:
    slug = notifier.wording_slug()
    return any(wording.in_file(slug, TEXT_MESSAGES, language) for language in _languages())


def _sends(notifier: Notifier[Any]) -> bool:
    return TEXT_MESSAGES in {*notifier.channels, *notifier.mandatory}


def _languages() -> list[str]:
    return list(dict.fromkeys([settings.LANGUAGE_CODE, *dict(settings.LANGUAGES)]))


def _long(slug: str) -> Iterable[CheckMessage]:
    for language, found in _texts(slug):
        row = of_example(slug, language, found, person=PERSON, channel=TEXT_MESSAGES)
        if row.segments and row.segments.segments > 1:
            yield checks.Warning(
                f"{found.source}: with the notifier's example a text message of it is {row.segments}.",
                hint="Each segment is paid for: write a shorter one, or leave out the characters named.",
                id="engagement.W025",
            )


def _texts(slug: str) -> Iterator[tuple[str, wording.Wording]]:
    """Yield each text once, with the first language in which people read it."""
    seen = set()
    for language in _languages():
        found = _text(slug, language)
        if found and found.source not in seen:
            seen.add(found.source)
            yield language, found


def _text(slug: str, language: str) -> wording.Wording | None:
    """Return what the files say; None if there is nothing, or nothing that can be used."""
    try:
        found = wording.find(slug, TEXT_MESSAGES, language, edited={})
        found.compiled()
    except wording.WordingError:
        return None
    return found
