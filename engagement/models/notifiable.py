"""Whom an event concerns, and the batches in which that is worked off."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement.conf import conf
from engagement.models.tally_sql import FOLD
from events.bus import event_type_choices
from events.conf import conf as bus_conf
from events.retention import Expiring, Owed, expired_sql, table_and_key
from events.sql import fetch
from events.work import LATELY_DEAD, UNFINISHED, LeasedWork

#: What may be owed of an expired NotifiableEvent, if it is in a `state`: its batch, a message, that message's digest.
BATCH = """EXISTS (
    SELECT 1 FROM engagement_notificationbatch work
     WHERE work.event_id = expired.event_log_id AND expired.id BETWEEN work.first_id AND work.last_id
       AND {state})"""
MESSAGE = """EXISTS (
    SELECT 1 FROM engagement_delivery work WHERE work.notifiable_id = expired.id AND {state})"""
COLLECTED = """EXISTS (
    SELECT 1 FROM engagement_delivery item JOIN engagement_delivery work ON work.id = item.digest_id
     WHERE item.notifiable_id = expired.id AND {state})"""
#: Two or three rows of the tally may be written for each, so that a statement is longer than one that only deletes.
FOLDED_AT_ONCE = 3_000


def in_retention() -> Any:
    """Return the moment at which what is written now may be deleted."""
    return timezone.now() + conf.retention


class NotifiableEvent(Expiring):
    """One event x one person it concerns, with what became of it on each channel.

    No database constraint points here or at AppNotification, nor from them at people: that is half the cost
    of a fan-out, these rows live for days, and the batch joins its people anew.
    """

    event_log = models.ForeignKey(
        "events.EventLog",
        verbose_name=_("event"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="notifiable_events",
    )
    event_type = models.CharField(_("event type"), max_length=100, choices=event_type_choices)
    notifier = models.CharField(_("notifier"), max_length=200, blank=True, default="", db_default="")
    #: Only where there is no event in the log to take them from.
    params = models.JSONField(_("parameters"), null=True, blank=True)
    #: {"app": "created: default", "email": "skipped: channel not configured"}; null until decided.
    outcomes = models.JSONField(_("outcomes"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    delete_at = models.DateTimeField(_("delete at"), default=in_retention)

    class Meta(Expiring.Meta):
        verbose_name = _("notifiable event")
        verbose_name_plural = _("notifiable events")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # The person first: it serves "what concerned this person?" too.
            models.UniqueConstraint(fields=["person", "event_log"], name="notifiableevent_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} for person {self.person_id}"

    @classmethod
    def delete_expired(cls, now: datetime, limit: int) -> int:
        """Delete up to `limit` rows, and fold what was decided into the tally: see `FOLD`."""
        total = 0
        while total < limit:
            asked = min(FOLDED_AT_ONCE, limit - total)
            deleted = cls._fold(now, asked)
            total += deleted
            if deleted < asked:
                break
        return total

    @classmethod
    def _fold(cls, now: datetime, limit: int) -> int:
        (table, key), (expired, values) = table_and_key(cls), expired_sql(cls, now, limit)
        ((deleted,),) = fetch(FOLD.format(table=table, key=key, expired=expired), values)
        return int(deleted)

    @classmethod
    def still_owed(cls) -> list[Owed]:
        """Return the conditions: its batch, or a message, is not done, or died not long ago and may be requeued.

        So is a message whose digest is not done, or is kept: its page links to here. One that was made by hand is owed
        as long as dead work is kept: a task may still be trying.
        """
        since: list[object] = [timezone.now() - bus_conf.dead_retention]
        by_hand = "expired.outcomes IS NULL AND expired.event_log_id IS NULL AND expired.delete_at > %s"
        return [
            *((BATCH.format(state=state), values) for state, values in [*UNFINISHED, (LATELY_DEAD, since)]),
            (by_hand, since),
            *(
                (each.format(state=state), values)
                for each in (MESSAGE, COLLECTED)
                for state, values in (("work.finished_at IS NULL", []), (LATELY_DEAD, since))
            ),
            (COLLECTED.format(state="work.delete_at > %s"), [timezone.now()]),
        ]


class NotificationBatch(LeasedWork, Expiring):
    """Up to 1,000 NotifiableEvents of one event and one notifier, worked off in one transaction."""

    event = models.ForeignKey(
        "events.EventLog",
        verbose_name=_("event"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    notifier = models.CharField(_("notifier"), max_length=200)
    #: The range of ids; those in between that belong to another event or notifier are not meant.
    first_id = models.BigIntegerField(_("first"))
    last_id = models.BigIntegerField(_("last"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    recipients = models.PositiveIntegerField(_("recipients"))
    #: People for whom something was created or planned; for whom nothing was; who got the fallback wording.
    created = models.PositiveIntegerField(_("created"), default=0, db_default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0, db_default=0)
    fallbacks = models.PositiveIntegerField(_("fallbacks"), default=0, db_default=0)

    class Meta(LeasedWork.Meta):
        verbose_name = _("notification batch")
        verbose_name_plural = _("notification batches")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *LeasedWork.Meta.constraints,
            models.UniqueConstraint(fields=["event", "first_id"], name="notificationbatch_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [*LeasedWork.Meta.indexes, *Expiring.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.recipients} recipients of event #{self.event_id}"

    @classmethod
    def still_owed(cls) -> list[Owed]:
        """Return the conditions: it is not done, or died not long ago."""
        dead_since = timezone.now() - bus_conf.dead_retention
        return [
            ("expired.finished_at IS NULL", []),
            ("expired.state = 'dead' AND expired.finished_at > %s", [dead_since]),
        ]
