"""Who goes first; a closed set, since the claim looks at each value in turn."""

from django.db import models


class Priority(models.IntegerChoices):
    """Lower goes first."""

    URGENT = 0, "urgent"
    USUAL = 5, "usual"
    #: Notification batches of an event that concerns more than 1,000 people.
    BULK = 9, "bulk"
