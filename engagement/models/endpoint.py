"""Where a channel reaches a person, if that is no matter of the user model: devices, numbers, URLs."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices

VALUE_LENGTH = 1000
LABEL_LENGTH = 100
WHY_LENGTH = 200
SECRET_LENGTH = 120


def usable() -> models.Q:
    """Return the condition under which an endpoint gets messages."""
    return models.Q(retired_at=None, verified_at__isnull=False)


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    """Which of them."""

    def of(self, person: Any) -> Self:
        """Those of one person."""
        return self.filter(person=person)

    def usable(self) -> Self:
        """Those that get messages."""
        return self.filter(usable())

    def unused(self) -> Self:
        """Those that were retired, or rest, or did not take what was last sent."""
        return self.exclude(retired_at=None, failures=0, rests_until=None)

    def use_again(self) -> int:
        """Use those that are not, as if they had been registered now; return how many those were.

        So what comes of a message that is on its way by now retires none of them anew.
        """
        return self.unused().update(
            retired_at=None, retired_because="", failures=0, rests_until=None, registered_at=Now()
        )


class Endpoint(models.Model):
    """A device, number or URL of a person's. Retired ones are kept, so that their owner sees what became of them."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="notification_endpoints",
        db_index=False,
    )
    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    #: Of several sorts on one channel which: "token" or "fid" of a device.
    kind = models.CharField(_("kind"), max_length=20, blank=True, default="", db_default="")
    #: As its channel writes it.
    value = models.CharField(_("endpoint"), max_length=VALUE_LENGTH)
    #: Whether it can be only one person's at a time; registered by another, it becomes theirs.
    is_exclusive = models.BooleanField(_("exclusive"), default=False, db_default=False)
    #: What its owner calls it.
    label = models.CharField(_("name"), max_length=LABEL_LENGTH, blank=True, default="", db_default="")
    #: With which messages to it are signed. In clear: whoever signs has to read it. Shown to its owner once.
    secret = models.CharField(max_length=SECRET_LENGTH, blank=True, default="", db_default="", editable=False)
    #: The one before, with which messages are signed as well until then.
    old_secret = models.CharField(
        max_length=SECRET_LENGTH, blank=True, default="", db_default="", editable=False
    )
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_default=Now())
    #: When it was last registered or verified: what is said of a send that began before counts no more.
    registered_at = models.DateTimeField(_("registered at"), db_default=Now())
    #: When its owner proved that it is theirs; at once where no proof is asked for.
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    #: When its program or owner was last heard of.
    last_seen_at = models.DateTimeField(_("last seen at"), db_default=Now())
    #: How often in a row it did not take a message.
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, db_default=0)
    #: Nothing is sent to it before.
    rests_until = models.DateTimeField(_("rests until"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    #: Why it is not used any more, as operators read it.
    retired_because = models.CharField(
        _("retired because"), max_length=WHY_LENGTH, blank=True, default="", db_default=""
    )

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "channel", "kind", "value"], name="endpoint_once"),
            models.UniqueConstraint(
                fields=["channel", "kind", "value"],
                name="endpoint_exclusive",
                condition=models.Q(is_exclusive=True),
            ),
            models.CheckConstraint(condition=~models.Q(value=""), name="endpoint_somewhere"),
            models.CheckConstraint(
                condition=models.Q(old_secret="", old_secret_until=None)
                | (~models.Q(old_secret="") & models.Q(old_secret_until__isnull=False)),
                name="endpoint_old_secret_ends",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person", "channel"], name="endpoint_usable", condition=usable()),
            models.Index(
                fields=["channel", "last_seen_at"], name="endpoint_seen", condition=models.Q(retired_at=None)
            ),
            models.Index(
                fields=["channel", "retired_at"],
                name="endpoint_retired",
                condition=models.Q(retired_at__isnull=False),
            ),
            #: Tokens are long, and asked for only as a whole.
            HashIndex(fields=["value"], name="endpoint_value"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of person {self.person_id}"

    @property
    def is_usable(self) -> bool:
        """Whether messages are sent to it."""
        return self.retired_at is None and self.verified_at is not None

    def secrets(self, now: datetime | None = None) -> list[str]:
        """Return with what messages are signed, the newest first."""
        found = [self.secret] if self.secret else []
        if self.old_secret_until is not None and self.old_secret_until > (now or timezone.now()):
            found.append(self.old_secret)
        return found
