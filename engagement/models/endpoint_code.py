"""Codes by which people prove that an endpoint is theirs."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from engagement.channels import channel_choices
from engagement.models.endpoint import VALUE_LENGTH
from events.retention import Expiring

HASH_LENGTH = 64
#: So far back it is counted how many were sent.
KEPT = timedelta(days=1)


def in_a_day() -> datetime:
    """Return when a code of now counts no more."""
    return timezone.now() + KEPT


class EndpointCode(Expiring):
    """One code that was sent. Whose and where to is kept for a day, even if the endpoint is removed: it is counted."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    #: Empty once it was removed.
    endpoint = models.ForeignKey(
        "engagement.Endpoint", null=True, on_delete=models.SET_NULL, related_name="codes", db_index=False
    )
    channel = models.CharField(max_length=20, choices=channel_choices)
    value = models.CharField(max_length=VALUE_LENGTH)
    #: Of the code, which is nowhere once it is sent.
    hash = models.CharField(max_length=HASH_LENGTH)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now)
    good_until = models.DateTimeField()
    #: When it was used, or another was sent instead.
    ended_at = models.DateTimeField(null=True, blank=True)
    delete_at = models.DateTimeField(default=in_a_day)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["endpoint"], name="endpoint_code_in_force", condition=models.Q(ended_at=None)
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            *Expiring.Meta.indexes,
            models.Index(fields=["endpoint"], name="endpoint_code_endpoint"),
            models.Index(fields=["person", "-created_at"], name="endpoint_code_person"),
            models.Index(fields=["channel", "value", "-created_at"], name="endpoint_code_value"),
        ]

    def __str__(self) -> str:
        return f"code for endpoint {self.endpoint_id}"
