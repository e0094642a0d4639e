"""Step 9: delete what has expired and is owed to nobody; a Django Q schedule calls it each hour."""

import logging

from django.apps import apps
from django.utils import timezone

from events import queue
from events.forget import forget_all
from events.retention import Expiring, hourly

logger = logging.getLogger(__name__)

BATCH = 5_000


def expiring_models() -> list[type[Expiring]]:
    """Return every model whose rows expire."""
    return [model for model in apps.get_models() if issubclass(model, Expiring) and not model._meta.proxy]


def clean_up(batch: int = BATCH) -> dict[str, int]:
    """Delete expired rows in short statements of `batch` rows; return how many of each model.

    Several of these may run at once: they skip what another has locked.
    """
    deleted = {model._meta.label: _delete_expired(model, batch) for model in expiring_models()}
    deleted["events.EventLog (sensitive fields erased)"] = forget_all(batch)
    deleted["django_q.Task"] = queue.prune_results(batch)
    for each in hourly:
        each()
    if any(deleted.values()):
        logger.info(
            "Cleaned up: %s", ", ".join(f"{label} {count}" for label, count in deleted.items() if count)
        )
    return deleted


def _delete_expired(model: type[Expiring], batch: int) -> int:
    now, total = timezone.now(), 0
    while True:
        count = model.delete_expired(now, batch)
        total += count
        if count < batch:
            return total
