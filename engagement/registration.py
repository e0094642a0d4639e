"""Endpoints come and go: apps register devices, people enter numbers and addresses, and either drops them.

Verbs raise ValidationError by the name of what is wrong ("value", "label"), or without one. What one person does at the
same time in several windows is done one after the other.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from engagement.channels import Stored, channels
from engagement.conf import conf
from engagement.events import EndpointTested
from engagement.models import Delivery, Endpoint
from engagement.models.endpoint import LABEL_LENGTH, VALUE_LENGTH
from engagement.pace import HOUR, Pace, TooOften, not_before
from engagement.registration_sql import ENTER, LOCK, REGISTER, RETIRE_STALE
from engagement.suppress import is_suppressed
from events.bus import EventLog, event_bus, reference
from events.retention import hourly
from events.sql import UNSTORABLE, execute, fetch

logger = logging.getLogger(__name__)

#: So many a person has on a channel.
MOST = 20
#: Messages are signed with the old secret as well, for so long.
OLD_SECRET_FOR = timedelta(hours=24)
TESTED = "endpoint.tested"
#: Of one endpoint; and of a person, since who removes and adds an address has another endpoint.
TESTS, TESTS_OF_PERSON = Pace(5, HOUR), Pace(20, HOUR)
NOT_SEEN = "not seen for {} days"
BATCH = 1_000


@contextmanager
def one_after_the_other(person: Any) -> Iterator[None]:
    """Let nobody else change which endpoints this person has meanwhile."""
    with transaction.atomic():
        execute(LOCK, [str(person.pk)])
        yield


def find(person: Any, pk: int) -> Endpoint | None:
    """Return an endpoint of the person's; None for one that there is not, or that is somebody else's."""
    return Endpoint.objects.of(person).filter(pk=pk).first()


def register_device(person: Any, channel: str, value: str, kind: str = "", label: str = "") -> Endpoint:
    """Have messages on a channel sent to a device, from now on to this person and to nobody else.

    The same device again is a refresh: it is in use, and was seen now. Without a label the one that it had stays.
    """
    found = _stored(channel, is_entered=False)
    kind = kind or found.kinds[0]
    row = [person.pk, channel, kind, _clean(found, value, kind), clean_label(label)]
    with one_after_the_other(person):
        _find_room(person, channel, kind, row[3])
        [[pk]] = fetch(REGISTER, row)
        return Endpoint.objects.get(pk=pk)


def add(person: Any, channel: str, value: str, label: str = "") -> Endpoint:
    """Add what a person has entered; they get messages there, if need be once they have entered the code sent to it.

    What was there already is used again if it was not any more. If messages are signed it has a secret.
    """
    found = _stored(channel, is_entered=True)
    if not found.configured():
        raise ValidationError(_("%s is not set up here.") % found.label, code="not configured")
    kind = found.kinds[0]
    row = [person.pk, channel, kind, _clean(found, value, kind), clean_label(label)]
    with one_after_the_other(person):
        _find_room(person, channel, kind, row[3])
        [[pk]] = fetch(ENTER, [*row, found.new_secret(), found.is_verified])
        return Endpoint.objects.get(pk=pk)


def is_new(endpoint: Endpoint) -> bool:
    """Tell of what `register_device` or `add` has just returned whether the person did not have it before."""
    return endpoint.created_at == endpoint.registered_at


def drop(person: Any, pk: int) -> bool:
    """Remove an endpoint of the person's; nothing more is sent to it. Return False if they have no such endpoint."""
    gone, _by_model = Endpoint.objects.of(person).filter(pk=pk).delete()
    return bool(gone)


def drop_device(person: Any, channel: str, value: str, kind: str = "") -> bool:
    """Remove a device of the person's; without a kind, of whichever kind it is. False if they have no such device."""
    found, gone = _stored(channel, is_entered=False), 0
    for each in [kind] if kind else found.kinds:
        mine = Endpoint.objects.of(person).filter(channel=channel, kind=each)
        gone += mine.filter(value=_clean(found, value, each)).delete()[0]
    return bool(gone)


def rename(person: Any, pk: int, label: str) -> bool:
    """Call an endpoint something else, or nothing; return False if the person has no such endpoint."""
    return bool(Endpoint.objects.of(person).filter(pk=pk).update(label=clean_label(label)))


def rotate_secret(endpoint: Endpoint) -> str:
    """Return a new secret; for a day messages are signed with the one before as well, so that nothing is refused.

    Raises ValidationError if there is none, and if it was changed since the endpoint was read.
    """
    found = channels().get(endpoint.channel)
    secret = found.new_secret() if isinstance(found, Stored) else ""
    if not (secret and endpoint.secret):
        raise ValidationError(_("Messages to it are not signed."), code="not signed")
    mine = Endpoint.objects.filter(pk=endpoint.pk, secret=endpoint.secret)
    until = timezone.now() + OLD_SECRET_FOR
    if not mine.update(secret=secret, old_secret=endpoint.secret, old_secret_until=until):
        raise ValidationError(_("Its secret was changed a moment ago, in another window."), code="changed")
    return secret


def secret_since(endpoint: Endpoint) -> str:
    """Return what changes whenever the secret does, and tells nothing of it."""
    return endpoint.old_secret_until.isoformat() if endpoint.old_secret_until else ""


def send_test(endpoint: Endpoint) -> None:
    """Send a test to an endpoint in use; raise TooOften from the sixth in an hour on, and of a person's many."""
    if not endpoint.is_usable or is_suppressed(endpoint.channel, endpoint.value):
        raise ValidationError(_("Nothing is sent to it, so there is nothing to test."), code="not in use")
    now = timezone.now()
    with one_after_the_other(endpoint.person):
        until = not_before(_asked(endpoint, now), [TESTS], now) or not_before(
            _sent(endpoint, now), [TESTS_OF_PERSON], now
        )
        if until is not None:
            raise TooOften(_("You have sent many tests."), until, now)
        tested = EndpointTested(endpoint_id=endpoint.pk, person_id=str(endpoint.person_id))
        event_bus.publish(tested, about=endpoint)


def _asked(endpoint: Endpoint, now: datetime) -> Iterable[datetime]:
    """Return when the last tests of an endpoint were asked for."""
    lately = EventLog.objects.filter(about=reference(endpoint), type=TESTED, occurred_at__gt=now - HOUR)
    return lately.order_by("-id").values_list("occurred_at", flat=True)[: TESTS.count]


def _sent(endpoint: Endpoint, now: datetime) -> Iterable[datetime]:
    """Return when the last tests of a person were sent, also to what they have removed since."""
    lately = Delivery.objects.of(endpoint.person_id).filter(event_type=TESTED, created_at__gt=now - HOUR)
    return lately.order_by("-pk").values_list("created_at", flat=True)[: TESTS_OF_PERSON.count]


def retire_stale() -> int:
    """Use devices no longer whose apps have not been heard of for long; return how many. In short statements."""
    days = conf.device_stale_days
    since, why = timezone.now() - timedelta(days=days), NOT_SEEN.format(days)
    total = sum(_retire_stale(each.name, since, why) for each in channels().values() if is_for_devices(each))
    if total:
        logger.info("Retired %s devices: %s.", total, why)
    return total


hourly.append(retire_stale)


def _retire_stale(channel: str, since: datetime, why: str) -> int:
    total, count = 0, BATCH
    while count == BATCH:
        count = execute(RETIRE_STALE, [why, channel, since, BATCH])
        total += count
    return total


def is_for_devices(channel: object) -> bool:
    """Tell whether the endpoints of a channel are registered by apps."""
    return isinstance(channel, Stored) and not channel.is_entered


def clean_label(label: str) -> str:
    """Return what somebody calls an endpoint as it is stored; raise ValidationError."""
    found = label.strip()
    if UNSTORABLE.search(found) or len(found) > LABEL_LENGTH:
        said = _("A name has up to %d characters that can be shown.") % LABEL_LENGTH
        raise ValidationError({"label": ValidationError(said, code="invalid")})
    return found


def _stored(name: str, *, is_entered: bool) -> Stored:
    found = channels().get(name)
    if not isinstance(found, Stored) or found.is_entered is not is_entered:
        raise ValidationError({"channel": ValidationError(_("There is no such channel."), code="invalid")})
    return found


def _clean(channel: Stored, value: str, kind: str) -> str:
    """Return an endpoint as its channel writes it."""
    if kind not in channel.kinds:
        said = _("Choose one of %s.") % ", ".join(channel.kinds)
        raise ValidationError({"kind": ValidationError(said, code="invalid")})
    if UNSTORABLE.search(value):
        raise ValidationError({"value": ValidationError(_("This cannot be stored."), code="invalid")})
    try:
        found = channel.clean(value, kind)
    except ValidationError as error:
        raise ValidationError({"value": error}) from error
    if not found or len(found.encode()) > VALUE_LENGTH:
        said = _("Enter between 1 and %d characters.") % VALUE_LENGTH
        raise ValidationError({"value": ValidationError(said, code="invalid")})
    return found


def _find_room(person: Any, channel: str, kind: str, value: str) -> None:
    """Raise ValidationError if the person has too many others; those that are not used any more make room."""
    others = Endpoint.objects.of(person).filter(channel=channel).exclude(kind=kind, value=value)
    if others.count() < MOST:
        return
    others.filter(retired_at__isnull=False).delete()
    if others.count() >= MOST:
        raise ValidationError(_("There are %d of them already: remove one first.") % MOST, code="limit")
