"""Which messages, and what to do with many of them."""

from typing import Any, Self

from django.db import models
from django.db.models.functions import Now

from engagement.models.delivery_content import erased
from engagement.models.delivery_states import DeliveryState
from events.work import LeasedWorkQuerySet

PUT_OFF = models.Q(state=DeliveryState.RETRYING, available_at__gt=Now())


class DeliveryQuerySet(LeasedWorkQuerySet):
    """Which of them."""

    def of(self, person: Any) -> Self:
        """Those to one person."""
        return self.filter(person=person)

    def put_off(self) -> Self:
        """Those that are tried again, but not yet: they failed, or had to wait when their turn came."""
        return self.filter(PUT_OFF)

    def resendable(self) -> Self:
        """Those that may be tried again or sooner: dead, skipped or put off, if there are words left to send."""
        unsent = models.Q(state__in=[DeliveryState.DEAD, DeliveryState.SKIPPED])
        return self.filter(unsent | PUT_OFF).exclude(erased())

    def open_digests(self) -> Self:
        """Digests into which messages may yet be gathered."""
        return self.filter(is_digest=True, gathered_at=None, finished_at=None)

    def held_by(self, digest: Any) -> Self:
        """What waits for this digest: nothing unless it is open."""
        if not digest.is_open:
            return self.none()
        mine = self.filter(person=digest.person_id, channel=digest.channel)
        return mine.filter(state=DeliveryState.HELD)

    def requeue(self) -> int:
        """Make those that were not sent, nor erased, pending again, with fresh attempts; return how many rows.

        A digest is closed to what is yet to come: there may be another open one by now.
        """
        self.filter(is_digest=True, gathered_at=None, finished_at__isnull=False).update(gathered_at=Now())
        return LeasedWorkQuerySet.requeue(self.exclude(state=DeliveryState.SUCCEEDED).exclude(erased()))

    def hasten(self) -> int:
        """Make those that were put off due now, with the attempts that they have had; return how many rows."""
        return self.put_off().update(available_at=Now())
