"""One message to one endpoint on a channel that leaves the house."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement.channels import Outbound, channel_choices, channels
from engagement.conf import conf
from engagement.decide import Wait
from engagement.models.channel_pause import IS_OPEN, ChannelPause
from engagement.models.delivery_content import Content
from engagement.models.delivery_rows import DeliveryQuerySet
from engagement.models.delivery_states import TERMINAL, DeliveryState, Feedback
from engagement.models.endpoint import VALUE_LENGTH
from engagement.models.notifiable import in_retention
from events.conf import conf as bus_conf
from events.retention import Expiring, Owed, expired_sql
from events.sql import execute
from events.work import WAITING, LeasedWork, jittered

MESSAGE_ID_LENGTH = 255

DELETE_WITH_ATTEMPTS = """
    WITH gone AS MATERIALIZED ({expired}),
         attempts AS (DELETE FROM engagement_deliveryattempt WHERE delivery_id = ANY(ARRAY(SELECT id FROM gone)))
    DELETE FROM engagement_delivery WHERE id = ANY(ARRAY(SELECT id FROM gone))"""


class Delivery(Content, LeasedWork, Expiring):
    """One message to one endpoint; or a digest, into which the held messages to a person are gathered."""

    lane = "delivery"
    parent = "person"
    external = True
    strand = "channel"
    open_strand = IS_OPEN
    #: Each claim is checked and counted as a whole, which costs as much as to send some mails.
    quick = 0.2

    #: What was claimed along with it: checked again together.
    companions: "Sequence[Delivery]" = ()
    #: The pauses that were in force when its whereabouts were looked up, by channel; None: nobody has asked.
    pauses: "Mapping[str, ChannelPause] | None" = None

    notifiable = models.ForeignKey(
        "engagement.NotifiableEvent",
        verbose_name=_("notifiable event"),
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="deliveries",
        help_text=_("Empty for a digest."),
    )
    event = models.ForeignKey(
        "events.EventLog",
        verbose_name=_("event"),
        null=True,
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
        related_name="deliveries",
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=DeliveryState,
        default=DeliveryState.PENDING,
        db_default=DeliveryState.PENDING,
    )
    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    #: As of the last attempt: who changes their address gets at the new one what has yet to be sent.
    endpoint = models.CharField(_("endpoint"), max_length=VALUE_LENGTH, blank=True)
    #: The row of the endpoint, of channels that have them in the table.
    target = models.ForeignKey(
        "engagement.Endpoint",
        verbose_name=_("stored endpoint"),
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="deliveries",
    )
    #: By which the far end recognises it when it is sent again: Message-ID of mails, webhook-id.
    message_id = models.CharField(_("message id"), max_length=MESSAGE_ID_LENGTH)
    #: What it waits or waited for.
    wait = models.CharField(
        _("waits for"),
        max_length=20,
        blank=True,
        choices=[(each.value, each.value) for each in Wait],
        default="",
        db_default="",
    )
    #: After this it is of no use.
    not_after = models.DateTimeField(_("of no use after"), null=True, blank=True)
    is_digest = models.BooleanField(_("digest"), default=False, db_default=False)
    #: When a digest was closed: what is held from then on goes into the next.
    gathered_at = models.DateTimeField(_("gathered at"), null=True, blank=True)
    digest = models.ForeignKey(
        "self",
        verbose_name=_("in the digest"),
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="items",
    )
    #: It was one too many for its hour.
    over_limit = models.BooleanField(_("over the limit"), default=False, db_default=False)
    #: When it was counted as one of the mails of its hour.
    allowed_at = models.DateTimeField(_("allowed at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    #: What the provider calls it.
    provider_id = models.CharField(
        _("provider's id"), max_length=MESSAGE_ID_LENGTH, blank=True, default="", db_default=""
    )
    #: How many text messages it became.
    segments = models.PositiveSmallIntegerField(_("segments"), null=True, blank=True)
    feedback = models.CharField(
        _("feedback"), max_length=20, blank=True, choices=Feedback, default="", db_default=""
    )
    feedback_at = models.DateTimeField(_("feedback at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_default=Now())
    delete_at = models.DateTimeField(_("delete at"), default=in_retention)

    objects = DeliveryQuerySet.as_manager()  # type: ignore[misc]  # a manager of its own

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=DeliveryState.values), name="delivery_state"),
            models.CheckConstraint(
                condition=models.Q(state__in=TERMINAL, finished_at__isnull=False)
                | (~models.Q(state__in=TERMINAL) & models.Q(finished_at=None)),
                name="delivery_terminal_is_finished",
            ),
            *(
                each
                for each in LeasedWork.Meta.constraints
                if each.name in {"%(class)s_priority", "%(class)s_running_has_lease"}
            ),
            models.CheckConstraint(
                condition=models.Q(is_digest=True, notifiable=None)
                | models.Q(is_digest=False, notifiable__isnull=False),
                name="delivery_digest_or_message",
            ),
            models.UniqueConstraint(fields=["notifiable", "channel", "endpoint"], name="delivery_once"),
            #: The arbiter of everything about digests: one is open for each person, or none.
            models.UniqueConstraint(
                fields=["person", "channel"],
                name="delivery_open_digest",
                condition=models.Q(is_digest=True, gathered_at=None, finished_at=None),
            ),
            models.UniqueConstraint(fields=["message_id"], name="delivery_message_id"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            #: The channel first: what waits on another is not walked over.
            models.Index(
                fields=["channel", "priority", "available_at", "id"],
                name="delivery_due",
                condition=models.Q(state__in=WAITING),
            ),
            *(each for each in LeasedWork.Meta.indexes if each.name != "%(class)s_due"),
            *Expiring.Meta.indexes,
            models.Index(fields=["person", "-id"], name="delivery_person"),
            models.Index(
                fields=["target", "-id"], name="delivery_target", condition=models.Q(target__isnull=False)
            ),
            models.Index(fields=["event"], name="delivery_event", condition=models.Q(event__isnull=False)),
            models.Index(
                fields=["person", "channel", "available_at"],
                name="delivery_held",
                condition=models.Q(state="held"),
            ),
            models.Index(
                fields=["about"],
                name="delivery_about",
                condition=models.Q(finished_at=None) & ~models.Q(about=""),
            ),
            models.Index(fields=["digest"], name="delivery_digest", condition=models.Q(digest__isnull=False)),
            models.Index(
                fields=["person", "allowed_at"],
                name="delivery_allowed",
                condition=models.Q(allowed_at__isnull=False),
            ),
            models.Index(
                fields=["provider_id"], name="delivery_provider_id", condition=~models.Q(provider_id="")
            ),
        ]

    def __str__(self) -> str:
        what = "digest" if self.is_digest else self.event_type
        return f"{what} to person {self.person_id} by {self.channel}"

    @property
    def is_collected(self) -> bool:
        """Whether it belongs into a digest."""
        return not self.is_digest and self.wait in {Wait.HOURLY, Wait.DAILY}

    @property
    def is_due(self) -> bool:
        """Whether it is to be sent now, and nobody has begun to."""
        return self.state in WAITING and self.available_at <= timezone.now()

    @property
    def is_sent(self) -> bool:
        """Whether the far end has taken it."""
        return self.sent_at is not None

    @property
    def is_open(self) -> bool:
        """Whether it is a digest into which messages may yet be gathered."""
        return self.is_digest and self.gathered_at is None and self.finished_at is None

    @classmethod
    def threads(cls, strand: str) -> int:
        """Return how many messages a worker process may have on their way by a channel at the same time."""
        channel = channels().get(strand)
        return channel.threads if isinstance(channel, Outbound) else 1

    @classmethod
    def claim(cls, limit: int, only: str = "", values: Sequence[object] = ()) -> list[Self]:
        """Take up to `limit` due rows, as LeasedWork does, each with its companions."""
        claimed = super().claim(limit, only, values)
        for each in claimed:
            each.companions = claimed
        return claimed

    def pause(self, failed: int) -> float | None:
        """Return the seconds until the next attempt, as the settings have it for the channel or the event type."""
        schedule = self.schedule
        if schedule is None:
            return super().pause(failed)
        return jittered(schedule[failed - 1]) if failed <= len(schedule) else None

    @property
    def schedule(self) -> Sequence[float] | None:
        """After how many seconds each failed attempt is followed by another, if settings or the channel say so."""
        return conf.retries.get(
            f"{self.channel}:{self.event_type}", conf.retries.get(self.channel, self._usual)
        )

    @property
    def has_usual_schedule(self) -> bool:
        """Whether it is tried as its channel lays down, where the settings say nothing."""
        return self._usual is not None and self.schedule is self._usual

    @property
    def _usual(self) -> Sequence[float] | None:
        channel = channels().get(self.channel)
        return channel.retries if isinstance(channel, Outbound) else None

    @classmethod
    def still_owed(cls) -> list[Owed]:
        """Return the conditions: it is not done, or died not long ago, or is in a digest that is kept.

        Whoever follows the link in a digest is to find all of it.
        """
        since = [timezone.now() - bus_conf.dead_retention]
        dead = "{0}.state = 'dead' AND {0}.finished_at > %s"
        within = (
            "EXISTS (SELECT 1 FROM engagement_delivery digest WHERE digest.id = expired.digest_id AND {})"
        )
        return [
            ("expired.finished_at IS NULL", []),
            (dead.format("expired"), [*since]),
            (within.format("(digest.finished_at IS NULL OR digest.delete_at > %s)"), [timezone.now()]),
            (within.format(dead.format("digest")), [*since]),
        ]

    @classmethod
    def delete_expired(cls, now: datetime, limit: int) -> int:
        """Delete up to `limit` expired rows with their attempts, in one statement; return how many deliveries."""
        expired, values = expired_sql(cls, now, limit)
        return execute(DELETE_WITH_ATTEMPTS.format(expired=expired), values)
