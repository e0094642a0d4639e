"""A person proves that a number is theirs: a code is sent to it, and they enter it.

Everything is counted in the database, so that it holds for all processes. What is counted is what was sent, also to
endpoints that were removed since: who adds a number again and again gets no more codes than others.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from engagement.channels import Stored, channels
from engagement.events import CODE_GOOD_FOR, EndpointCodeAsked
from engagement.models import Endpoint, EndpointCode
from engagement.pace import DAY, HOUR, MINUTE, Pace, TooOften, not_before
from engagement.registration import one_after_the_other
from engagement.suppress import is_suppressed
from events.bus import event_bus
from events.sql import execute, fetch

DIGITS = 6
MOST_TRIES = 5
#: How many codes a person asks for, and how many go to one number, whoever asks: it may be a stranger's.
OF_PERSON = [Pace(1, MINUTE), Pace(5, HOUR), Pace(10, DAY)]
TO_NUMBER = [Pace(5, DAY)]

#: After that of the person, so that nobody waits for each other.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('carillon:code:' || %s || ':' || %s, 0))"
#: Counted before it is compared, and of those at the same time one after the other.
#: Parameters: endpoint, person, now, how many tries there are.
TRY = """
    UPDATE engagement_endpointcode SET tries = tries + 1
     WHERE endpoint_id = %s AND person_id = %s AND ended_at IS NULL AND good_until > %s AND tries < %s
    RETURNING id, hash, tries"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of entering a code."""

    is_verified: bool
    #: With the code that was sent; none: it is another that is needed.
    tries_left: int = 0


def send_code(endpoint: Endpoint) -> None:
    """Send a new code to an endpoint; the one before is good no more.

    Raises TooOften, or ValidationError if there is nothing to verify, or nothing can be sent.
    """
    now, code = timezone.now(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    _check(endpoint)
    with one_after_the_other(endpoint.person):
        execute(LOCK, [endpoint.channel, endpoint.value])
        _check_pace(endpoint, now)
        EndpointCode.objects.filter(endpoint=endpoint, ended_at=None).update(ended_at=now)
        EndpointCode.objects.create(
            person_id=endpoint.person_id,
            endpoint=endpoint,
            channel=endpoint.channel,
            value=endpoint.value,
            hash=_hash(endpoint.pk, code),
            created_at=now,
            good_until=now + CODE_GOOD_FOR,
        )
        asked = EndpointCodeAsked(endpoint_id=endpoint.pk, person_id=str(endpoint.person_id), code=code)
        event_bus.publish(asked)


def verify(person: Any, pk: int, code: str) -> Proof:
    """Use an endpoint of the person's from now on, if this is the code that was sent to it."""
    now = timezone.now()
    tried = fetch(TRY, [pk, person.pk, now, MOST_TRIES])
    if not tried:
        return Proof(_is_verified(person, pk))
    [[code_id, expected, tries]] = tried
    if not constant_time_compare(_hash(pk, _digits(code)), expected):
        return Proof(False, MOST_TRIES - tries)
    # In another window the same code may have come first, or another was sent.
    return Proof(_use(code_id, pk, now) or _is_verified(person, pk))


def has_code(endpoints: Sequence[Endpoint]) -> set[int]:
    """Return the keys of those to which a code was sent that may still be entered."""
    in_force = EndpointCode.objects.filter(
        endpoint__in=endpoints, ended_at=None, good_until__gt=timezone.now(), tries__lt=MOST_TRIES
    )
    return set(in_force.values_list("endpoint", flat=True))


def _check(endpoint: Endpoint) -> None:
    channel = channels().get(endpoint.channel)
    if not isinstance(channel, Stored) or not channel.is_verified or endpoint.verified_at is not None:
        raise ValidationError(_("There is nothing to confirm."), code="verified")
    if endpoint.retired_at is not None:
        raise ValidationError(_("It is not used any more. Enter it again."), code="retired")
    if not channel.configured():
        raise ValidationError(_("%s is not set up here.") % channel.label, code="not configured")
    if is_suppressed(endpoint.channel, endpoint.value):
        raise ValidationError(_("Messages to it have been stopped."), code="suppressed")


def _check_pace(endpoint: Endpoint, now: datetime) -> None:
    of_person = EndpointCode.objects.filter(person=endpoint.person_id)
    to_number = EndpointCode.objects.filter(channel=endpoint.channel, value=endpoint.value)
    _wait(of_person, OF_PERSON, now, _("You have asked for a code already."))
    _wait(to_number, TO_NUMBER, now, _("Many codes have been sent there already."))


def _wait(
    sent: "models.QuerySet[EndpointCode]", paces: Sequence[Pace], now: datetime, what: str | Promise
) -> None:
    most = max(pace.count for pace in paces)
    moments = sent.order_by("-created_at").values_list("created_at", flat=True)[:most]
    until = not_before(moments, paces, now)
    if until is not None:
        raise TooOften(what, until, now)


def _use(code_id: int, pk: int, now: datetime) -> bool:
    """Use up a code and verify its endpoint; return False if the code is in force no more."""
    with transaction.atomic():
        mine = EndpointCode.objects.filter(pk=code_id, endpoint=pk, ended_at=None)
        if not mine.update(ended_at=now):
            return False
        endpoint = Endpoint.objects.filter(pk=pk, retired_at=None)
        return bool(endpoint.update(verified_at=now, registered_at=now, last_seen_at=now))


def _is_verified(person: Any, pk: int) -> bool:
    return Endpoint.objects.of(person).usable().filter(pk=pk).exists()


def _hash(pk: int, code: str) -> str:
    return salted_hmac("engagement.verification", f"{pk}:{code}", algorithm="sha256").hexdigest()


def _digits(code: str) -> str:
    """Return a code without what people put between its digits."""
    return "".join(each for each in code[:100] if each.isascii() and each.isdigit())
