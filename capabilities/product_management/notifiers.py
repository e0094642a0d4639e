"""Who hears of products."""

import logging

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from capabilities.people.models import Person
from capabilities.product_management.events import ProductCreated, ProductUpdated
from capabilities.product_management.models import Product
from capabilities.product_management.services import stakeholders
from engagement.notifier import Notifier
from events.bus import Cancel

logger = logging.getLogger(__name__)


class ProductLiveNotifier(Notifier[ProductCreated]):
    """Tells the creator that it worked; they hear of it though it was their own act."""

    event = ProductCreated
    slug = "product.created.creator"
    notify_actor = True
    reason = _("you created this product")
    example = ProductCreated(
        product_id=1,
        name="Kite",
        url="/products/1/",
        person_id=1,
        person_name="Alice Arden",
        organisation_id=1,
    )

    def audience(self, event: ProductCreated) -> QuerySet[Person]:
        """Return the creator, if the product is still there."""
        product_of(event)
        return Person.objects.filter(pk=event.person_id)


class ProductCreatedNotifier(Notifier[ProductCreated]):
    """Tells everybody else who has a stake in it."""

    event = ProductCreated
    reason = _("you manage this product or its organisation")
    example = ProductLiveNotifier.example

    def audience(self, event: ProductCreated) -> QuerySet[Person]:
        """Return the managers, or the owner, or else whom the event names."""
        found = stakeholders(product_of(event))
        return found if found.exists() else Person.objects.filter(pk=event.person_id)


class ProductUpdatedNotifier(Notifier[ProductUpdated]):
    """Tells everybody who has a stake in it, but for who did it."""

    event = ProductUpdated
    reason = _("you manage this product or its organisation")
    example = ProductUpdated(
        product_id=1,
        name="Kite",
        url="/products/1/",
        person_id=1,
        person_name="Alice Arden",
        changed=["name"],
    )

    def audience(self, event: ProductUpdated) -> QuerySet[Person]:
        """Return the managers, or the owner."""
        return stakeholders(product_of(event))


def product_of(event: ProductCreated | ProductUpdated) -> Product:
    """Return the product; raise Cancel if the event names none, or it is gone: no retry brings it back."""
    if event.product_id is None:
        raise _pointless(event, "names no product")
    product = Product.objects.select_related("organisation").filter(pk=event.product_id).first()
    if product is None:
        raise _pointless(event, f"is about product {event.product_id}, which is gone")
    return product


def _pointless(event: ProductCreated | ProductUpdated, why: str) -> Cancel:
    logger.error("Event %d (%s) %s: nobody is notified.", event.envelope.id, event.envelope.type, why)
    return Cancel(f"The event {why}.")
