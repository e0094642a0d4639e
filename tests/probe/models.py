"""What handlers leave behind, in the transaction of their run."""

from django.db import models
from django.utils import timezone


class Call(models.Model):
    """One call of a handler that was committed."""

    handler = models.CharField(max_length=100)
    event_log_id = models.BigIntegerField()
    note = models.CharField(max_length=200, blank=True)
    process = models.IntegerField()
    began = models.DateTimeField(default=timezone.now)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.handler} on event #{self.event_log_id}"
