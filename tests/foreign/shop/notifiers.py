"""Who hears of it."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from engagement.notifier import Notifier
from tests.foreign.shop.events import KiteSold


class KiteSoldNotifier(Notifier[KiteSold]):
    """The buyer."""

    event = KiteSold
    reason = "you bought it"
    example = KiteSold(buyer="1")

    def audience(self, event: KiteSold) -> QuerySet[Any]:
        """Return the buyer."""
        return get_user_model()._default_manager.filter(pk=event.buyer)
