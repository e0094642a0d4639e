"""What would fail of notifiers, wordings and mail, found before anybody waits for a notification."""

import math
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from engagement import wording
from engagement.channels import channels, outbound
from engagement.conf import conf
from engagement.models import Delivery
from engagement.push.checks import check_provider
from engagement.registry import Notifier, event_type_of, notifiers, permitted_params
from events.conf import conf as bus_conf

SMTP = "django.core.mail.backends.smtp.EmailBackend"
#: What is said of a channel that is not set up, where that is not what is said of any, and its number.
SAID = {"email": ("Mail is not configured, so none is sent", "W010")}


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


@register("engagement")
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find why mails would not be sent, or not be trusted."""
    if not channels()["email"].configured():
        return [*_malformed_site(), *_not_set_up("email")]
    return [*_malformed_site(), *_unsafe_site(), *_endless_wait(), *_no_sender()]


@register("engagement")
def check_channels(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find further channels that notifiers count on, and that nothing is sent by."""
    return [found for channel in outbound() if channel.name != "email" for found in _not_set_up(channel.name)]


def _not_set_up(channel: str) -> Iterable[CheckMessage]:
    """Name what is missing. Leave developers alone: they have nobody to write to."""
    names = [each.name for each in notifiers if channel in {*each.channels, *each.mandatory}]
    lacking = channels()[channel].lacks()
    if names and lacking and not settings.DEBUG:
        said, number = SAID.get(
            channel, (f"{channels()[channel].label} is not set up, so nothing is sent", "W026")
        )
        yield checks.Warning(
            f"{said}: not by {', '.join(names[:3])}{' ...' * (len(names) > 3)}",
            hint=lacking,
            id=f"engagement.{number}",
        )


def _malformed_site() -> Iterable[CheckMessage]:
    if conf.base_url and not _is_origin(conf.base_url):
        yield Error(
            f"ENGAGEMENT_BASE_URL is {conf.base_url!r}, so links in mails lead nowhere.",
            hint='Set it to "https://host" or "https://host:port", without a path.',
            id="engagement.E012",
        )


def _is_origin(url: Any) -> bool:
    if not isinstance(url, str) or not re.fullmatch(r"https?://[^\s/?#@\\]+/?", url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _unsafe_site() -> Iterable[CheckMessage]:
    if str(conf.base_url).startswith("http://") and not settings.DEBUG:
        yield checks.Warning(
            f"ENGAGEMENT_BASE_URL is {conf.base_url}, without https.",
            hint="Mail programs unsubscribe people by https only (RFC 8058), and the links are worth protecting.",
            id="engagement.W011",
        )


def _endless_wait() -> Iterable[CheckMessage]:
    if settings.EMAIL_TIMEOUT is None and settings.EMAIL_BACKEND == SMTP:
        yield checks.Warning(
            "EMAIL_TIMEOUT is None.",
            hint="Set it to 10: a mail server that says nothing holds up the deliveries until the task times out.",
            id="engagement.W013",
        )


def _no_sender() -> Iterable[CheckMessage]:
    if (conf.from_email or settings.DEFAULT_FROM_EMAIL) == "webmaster@localhost":
        yield checks.Warning(
            "Mails come from webmaster@localhost, which is Django's example.",
            hint="Set DEFAULT_FROM_EMAIL, or ENGAGEMENT_FROM_EMAIL, to an address of yours.",
            id="engagement.W018",
        )


@register("engagement")
def check_push(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find why no push notification would be sent."""
    return check_provider()


@register("engagement")
def check_lane(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find deliveries that share a cluster with handlers."""
    if not bus_conf.q_cluster or bus_conf.execution == "inline":
        return []
    if Delivery.lane in bus_conf.q_cluster.get("ALT_CLUSTERS", {}):
        return []
    return [
        checks.Warning(
            "Deliveries have no cluster of their own, so a slow mail server holds up handlers and the inbox.",
            hint=f'Set Q_CLUSTER["ALT_CLUSTERS"] = {{"{Delivery.lane}": {{"workers": 2}}}} for `manage.py worker`.',
            id="engagement.W019",
        )
    ]


@register("engagement")
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Find values that cannot be meant."""
    hour, limit = conf.digest_hour, conf.emails_per_hour
    found = [
        (_is_sender(conf.sender_id), "SENDER_ID", "5 to 15 letters, digits, - and _", "E014"),
        (_is_whole(hour) and 0 <= hour <= 23, "DIGEST_HOUR", "an hour from 0 to 23", "E015"),
        (limit is None or (_is_whole(limit) and limit >= 1), "EMAILS_PER_HOUR", "1 or more, or None", "E016"),
        (
            _is_plan(conf.retries),
            "RETRIES",
            f"like {{'email': [60, 120]}}, for {', '.join(channels())}",
            "E017",
        ),
    ]
    return [
        Error(
            f"ENGAGEMENT_{name} is {getattr(conf, name.lower())!r}.",
            hint=f"Set it to {wanted}.",
            id=f"engagement.{number}",
        )
        for is_good, name, wanted, number in found
        if not is_good
    ]


def _is_sender(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]{5,15}", value) is not None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_plan(value: Any) -> bool:
    """Tell whether it is lists of seconds by "channel" or "channel:event.type"."""
    return isinstance(value, dict) and all(
        isinstance(name, str)
        and name.partition(":")[0] in channels()
        and isinstance(waits, list | tuple)
        and all(_is_seconds(each) for each in waits)
        for name, waits in value.items()
    )


def _is_seconds(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0
