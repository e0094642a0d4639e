"""The log and what is owed for it."""

from datetime import datetime
from typing import Any, ClassVar, Self

import uuid6
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.conf import conf
from events.exceptions import NotYetKnown
from events.payload import Envelope, Payload
from events.registry import TYPE_LENGTH, EventTypes, event_type_choices
from events.retention import Expiring, Owed, expired_sql
from events.sql import execute, fetch
from events.subscribe import NAME_LENGTH, handlers
from events.work import LATELY_DEAD, UNFINISHED, LeasedWork, State, leased_models

ORDER_GATE = """
    AND (work.order_key IS NULL OR NOT EXISTS (
        SELECT 1 FROM events_handlerrun earlier
         WHERE earlier.handler = work.handler AND earlier.order_key = work.order_key
           AND earlier.id < work.id AND earlier.finished_at IS NULL))"""

#: Delete the finished runs of the expired events, lock these, and return their ids.
DELETE_RUNS = """
    WITH gone AS MATERIALIZED ({expired}),
         runs AS (DELETE FROM events_handlerrun
                   WHERE event_id = ANY(ARRAY(SELECT id FROM gone)) AND finished_at IS NOT NULL)
    SELECT id FROM gone"""
#: Parameters: the ids, twice. Not NOT EXISTS: that reads all runs to join them.
DELETE_EVENTS = """
    DELETE FROM events_eventlog
     WHERE id = ANY(%s) AND id <> ALL(ARRAY(SELECT event_id FROM events_handlerrun WHERE event_id = ANY(%s)))"""


class EventLogQuerySet(models.QuerySet["EventLog"]):
    """An event's status is derived from its runs: each of these is an EXISTS on a partial index."""

    def _with(self, **condition: Any) -> models.Exists:
        return models.Exists(HandlerRun.objects.filter(event_id=models.OuterRef("pk"), **condition))

    def unheard(self) -> Self:
        """Nobody had subscribed when it was published, nor has it been replayed since."""
        return self.filter(~self._with(), heard=False)

    def dead(self) -> Self:
        """A handler has used up its attempts."""
        return self.filter(self._with(state=State.DEAD))

    def running(self) -> Self:
        """A handler is at it, and none is dead."""
        return self.filter(self._with(state=State.RUNNING), ~self._with(state=State.DEAD))

    def retrying(self) -> Self:
        """A handler failed, or was postponed, and will run again; none is at it, and none is dead."""
        again = self._with(state=State.RETRYING)
        return self.filter(again, ~self._with(state=State.RUNNING), ~self._with(state=State.DEAD))

    def pending(self) -> Self:
        """A handler has yet to run; none is at it, will run again, or is dead."""
        begun = self._with(state__in=[State.RUNNING, State.RETRYING])
        return self.filter(self._with(state=State.PENDING), ~begun, ~self._with(state=State.DEAD))

    def done(self) -> Self:
        """Every handler has succeeded or cancelled."""
        return self.filter(self._with(), ~self._with(finished_at=None), ~self._with(state=State.DEAD))


class EventLog(Expiring):
    """One published fact. Written in the publisher's transaction and never changed: the log is the outbox."""

    event_id = models.UUIDField(_("event id"), default=uuid6.uuid7, unique=True, editable=False)
    type = models.CharField(_("type"), max_length=TYPE_LENGTH, choices=event_type_choices)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    payload = models.JSONField(_("payload"))
    key = models.CharField(_("idempotency key"), max_length=200, null=True, blank=True)  # noqa: DJ001 - unique
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    about = models.CharField(_("about"), max_length=200, blank=True, default="")
    order_key = models.CharField(_("order key"), max_length=200, null=True)  # noqa: DJ001 - null: in any order
    correlation_id = models.UUIDField(_("correlation id"))
    causation_id = models.UUIDField(_("causation id"), null=True)
    occurred_at = models.DateTimeField(_("occurred at"), default=timezone.now)
    #: Whether any handler had subscribed; stored, as the few that nobody heard could not be found otherwise.
    heard = models.BooleanField(_("heard"), default=True, db_default=True)
    #: Whether the payload has sensitive fields that are to be erased yet; stored for the same reason.
    has_secrets = models.BooleanField(_("has secrets"), default=False, db_default=False)

    objects = EventLogQuerySet.as_manager()

    class Meta(Expiring.Meta):
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["type", "key"], name="eventlog_key", condition=models.Q(key__isnull=False)
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            *Expiring.Meta.indexes,
            models.Index(fields=["type", "id"], name="eventlog_type"),
            models.Index(fields=["correlation_id"], name="eventlog_correlation"),
            models.Index(fields=["id"], name="eventlog_unheard", condition=models.Q(heard=False)),
            models.Index(fields=["about", "id"], name="eventlog_about", condition=~models.Q(about="")),
            models.Index(
                fields=["type", "id"], name="eventlog_secrets", condition=models.Q(has_secrets=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.pk}"

    def envelope(self) -> Envelope:
        """Return everything but the payload."""
        return Envelope(
            id=self.pk,
            event_id=self.event_id,
            type=self.type,
            occurred_at=self.occurred_at,
            actor_id=self.actor_id,
            about=self.about,
            key=self.key,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
        )

    def read(self) -> Payload:
        """Return the payload as its model, with the envelope; NotYetKnown for an unknown type or version."""
        event_type = EventTypes.get(self.type)
        if event_type is None:
            raise NotYetKnown(f"The event type {self.type!r}")
        payload = event_type.read(self.payload, self.version)
        payload._envelope = self.envelope()
        return payload

    def masked_payload(self) -> dict[str, Any]:
        """Return the payload with sensitive fields masked, for eyes."""
        event_type = EventTypes.get(self.type)
        hidden = event_type.sensitive if event_type else frozenset()
        return {name: "***" if name in hidden else value for name, value in self.payload.items()}

    def status(self) -> str:
        """Return unheard, dead, running, retrying, pending or done, from the runs."""
        states = {run.state for run in self.runs.all()}
        if not states:
            return "unheard"
        for state, status in _STATUS.items():
            if state in states:
                return status
        return "done"

    @classmethod
    def still_owed(cls) -> list[Owed]:
        """Return the conditions: some work of this event is unfinished, or died not long ago."""
        lately: Owed = (LATELY_DEAD, [timezone.now() - conf.dead_retention])
        works = [model._meta.db_table for model in works_on_events()]
        return [
            (f"EXISTS (SELECT 1 FROM {table} work WHERE work.event_id = expired.id AND {state})", values)
            for table in works
            for state, values in [*UNFINISHED, lately]
        ]

    @classmethod
    def delete_expired(cls, now: datetime, limit: int) -> int:
        """Delete expired events together with their handler runs; return how many events.

        Whoever requeues a run meanwhile keeps it, and its event: the runs are asked once more when they are
        deleted, and the events by a statement that sees what was committed since.
        """
        expired, values = expired_sql(cls, now, limit)
        with transaction.atomic(savepoint=False):
            gone = [pk for (pk,) in fetch(DELETE_RUNS.format(expired=expired), values)]
            return execute(DELETE_EVENTS, [gone, gone])


#: The first of these states that any run is in decides the status of the event.
_STATUS = {
    State.DEAD: "dead",
    State.RUNNING: "running",
    State.RETRYING: "retrying",
    State.PENDING: "pending",
}


def works_on_events() -> list[type[LeasedWork]]:
    """Return the models of leased work whose `event` is an EventLog: who has them owes that event something."""
    return [
        model
        for model in leased_models()
        for field in model._meta.fields
        if field.name == "event" and field.related_model is EventLog
    ]


class HandlerRun(LeasedWork):
    """One event x one handler: the durable unit of work."""

    gate = ORDER_GATE

    event = models.ForeignKey(
        EventLog, verbose_name=_("event"), on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    handler = models.CharField(_("handler"), max_length=NAME_LENGTH)
    order_key = models.CharField(_("order key"), max_length=200, null=True)  # noqa: DJ001 - null: in any order

    class Meta(LeasedWork.Meta):
        verbose_name = _("handler run")
        verbose_name_plural = _("handler runs")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *LeasedWork.Meta.constraints,
            models.UniqueConstraint(fields=["event", "handler"], name="handlerrun_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            *LeasedWork.Meta.indexes,
            models.Index(
                fields=["handler", "order_key", "id"],
                name="handlerrun_order",
                condition=models.Q(order_key__isnull=False, finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} on event #{self.event_id}"

    @property
    def max_attempts(self) -> int:
        """After how many failures this is dead: the handler's own number, or the setting."""
        found = handlers.find(self.handler)
        own = found.max_attempts if found else None
        return conf.max_attempts if own is None else own
