"""What a Django Q task, or enqueue_task, may call by its path."""

from django.db import transaction

from engagement.models import NotifiableEvent
from engagement.process import process_by_hand


def process_notification(event_id: int) -> bool:
    """Process the NotifiableEvent with this id; return False if it was decided before.

    Raises NotifiableEvent.DoesNotExist. Twice does no harm: the outcomes tell that it is done.
    """
    with transaction.atomic():
        counts = process_by_hand(NotifiableEvent.objects.get(pk=event_id))
    return counts.created + counts.skipped > 0
