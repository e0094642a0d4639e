"""How often something may be done that costs somebody something: a text message, a person's attention."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """So often within so long."""

    count: int
    within: timedelta


class TooOften(ValidationError):
    """It was done too often already; from `until` on it may be done again."""

    def __init__(self, what: str | Promise, until: datetime, now: datetime) -> None:
        super().__init__(f"{what} {_('Try again %s.') % _when(until, now)}", code="too often")
        self.until = until


def not_before(moments: Iterable[datetime], paces: Iterable[Pace], now: datetime) -> datetime | None:
    """Return when something may be done again that was done at these moments; None: now."""
    newest = sorted(moments, reverse=True)
    free = [newest[pace.count - 1] + pace.within for pace in paces if len(newest) >= pace.count]
    latest = max(free, default=now)
    return latest if latest > now else None


def _when(until: datetime, now: datetime) -> str:
    """Return a moment to come for the end of a sentence: "in 3 minutes", or the time in the zone that is active."""
    minutes = -((now - until) // MINUTE)
    if minutes <= 60:
        return ngettext("in a minute", "in %(minutes)d minutes", minutes) % {"minutes": minutes}
    moment = date_format(timezone.localtime(until), "DATETIME_FORMAT").removesuffix(".")
    return _("after %s") % moment
