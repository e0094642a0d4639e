"""Where a person is reached, as they see it: by channel each endpoint, how it stands, and what was sent to it last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from engagement import pauses, whereabouts
from engagement.channels import Stored, channels
from engagement.endpoints_sql import NEWEST_DELIVERIES, SUPPRESSED_OF
from engagement.models import Delivery, Endpoint
from engagement.registration import NOT_SEEN, secret_since
from engagement.verification import has_code
from engagement.whereabouts import Whereabouts
from events.bus import EventTypes
from events.sql import fetch

#: So many of its messages are listed with an endpoint.
LAST = 5


@dataclass(frozen=True, slots=True)
class Last:
    """One of the last messages to an endpoint."""

    delivery: Delivery
    #: What it was about: "Product created".
    name: str | Promise
    where: Whereabouts


@dataclass(frozen=True, slots=True)
class Reached:
    """One endpoint."""

    endpoint: Endpoint
    #: What its owner calls it, or else what they entered.
    name: str
    #: What they entered, as far as it may be shown.
    shown: str
    #: How it stands, in a word or two and in a sentence.
    word: str
    sentence: str
    is_in_use: bool
    waits_for_code: bool
    #: Whether a code was sent that may still be entered.
    has_code: bool
    last: Sequence[Last]

    @property
    def secret_since(self) -> str:
        """What changes whenever the secret does, and tells nothing of it."""
        return secret_since(self.endpoint)

    @property
    def last_used(self) -> datetime | None:
        """When a message to it was taken, of those that are listed."""
        return max((each.delivery.sent_at for each in self.last if each.delivery.sent_at), default=None)


@dataclass(frozen=True, slots=True)
class Card:
    """A channel with the endpoints that a person has on it, in the order in which they came."""

    channel: Stored
    endpoints: Sequence[Reached]
    is_configured: bool
    is_paused: bool

    @property
    def can_add(self) -> bool:
        """Whether there is something to enter."""
        return self.is_configured and self.channel.is_entered


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all of a person's endpoints, by key."""

    suppressed: set[int]
    with_code: set[int]
    last: Mapping[int | None, Sequence[Last]]


def cards(person: Any) -> list[Card]:
    """Return what there is to see, channel by channel; the same few queries, however much that is.

    Of a channel that is not set up it is what the person has there; nothing, if they have nothing.
    """
    mine = list(Endpoint.objects.of(person).order_by("created_at", "pk"))
    known, paused = _known(person, mine), pauses.paused()
    found = [
        Card(
            channel, [_reached(channel, each, known) for each in there], channel.configured(), name in paused
        )
        for name, channel in channels().items()
        if isinstance(channel, Stored)
        and ((there := [each for each in mine if each.channel == name]) or channel.configured())
    ]
    return sorted(found, key=lambda card: not card.channel.is_entered)


def _known(person: Any, mine: Sequence[Endpoint]) -> Known:
    suppressed = {pk for (pk,) in fetch(SUPPRESSED_OF, [person.pk])}
    return Known(suppressed, has_code(mine), _last(person, [each.pk for each in mine]))


def _last(person: Any, targets: Sequence[int]) -> dict[int | None, list[Last]]:
    keys = [pk for (pk,) in fetch(NEWEST_DELIVERIES, [list(targets), person.pk, LAST])]
    found: dict[int | None, list[Last]] = {}
    for each in Delivery.objects.filter(pk__in=keys).select_related("digest").order_by("-pk"):
        found.setdefault(each.target_id, []).append(
            Last(each, _name_of(each.event_type), whereabouts.of(each))
        )
    return found


def _name_of(event_type: str) -> str | Promise:
    found = EventTypes.get(event_type)
    return found.display_name if found else event_type


def _reached(channel: Stored, endpoint: Endpoint, known: Known) -> Reached:
    shown, is_suppressed = channel.shown(endpoint.value), endpoint.pk in known.suppressed
    word, sentence = _standing(channel, endpoint, is_suppressed=is_suppressed)
    return Reached(
        endpoint,
        endpoint.label or shown,
        shown,
        word,
        sentence,
        is_in_use=endpoint.is_usable and not is_suppressed,
        waits_for_code=endpoint.retired_at is None and endpoint.verified_at is None and not is_suppressed,
        has_code=endpoint.pk in known.with_code,
        last=known.last.get(endpoint.pk, []),
    )


def _standing(channel: Stored, endpoint: Endpoint, *, is_suppressed: bool) -> tuple[str, str]:
    if endpoint.retired_at is not None:
        return _("not used any more"), _why_retired(channel, endpoint)
    if is_suppressed:
        said = _(
            "Messages to it have been stopped: by its owner, or because it takes none. Ask your administrators."
        )
        return _("stopped"), said
    if endpoint.verified_at is None:
        return _("waits for your code"), _("Nothing else is sent to it until you have entered the code.")
    return _("in use"), _rest(endpoint)


def _why_retired(channel: Stored, endpoint: Endpoint) -> str:
    """Return it for people; what is stored is for operators."""
    if endpoint.retired_because.startswith(NOT_SEEN.partition("{")[0]):
        return _("Its app has not been heard of for long. It is used again once you open the app.")
    if not channel.is_entered:
        return _(
            "Its app was removed, or takes no notifications any more. It is used again once the app registers it."
        )
    return _("It could not be reached any more. Once that is mended, add it again.")


def _rest(endpoint: Endpoint) -> str:
    until = endpoint.rests_until
    if until is None or until <= timezone.now():
        return ""
    moment = date_format(timezone.localtime(until), "DATETIME_FORMAT").removesuffix(".")
    return _("It did not take what was sent last. The next attempt is on %s.") % moment
