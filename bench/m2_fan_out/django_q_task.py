"""The task of the baseline django_q."""

import json

from django.db import transaction

from bench.m2_fan_out.limit import MESSAGE, OUTCOMES, TITLE
from engagement.models import AppNotification, NotifiableEvent


def tell(log_id: int, person_id: int) -> None:
    """Write the two rows of a person."""
    with transaction.atomic():
        concerned = NotifiableEvent.objects.create(
            event_log_id=log_id,
            person_id=person_id,
            event_type="bench.announced",
            notifier="app.AnnouncedNotifier",
            outcomes=json.loads(OUTCOMES),
        )
        AppNotification.objects.create(
            event=concerned,
            person_id=person_id,
            event_type="bench.announced",
            category="community",
            title=TITLE,
            message=MESSAGE,
            url="/seasons/1/",
            reason="you are a member",
        )
