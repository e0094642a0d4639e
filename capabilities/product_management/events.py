"""What happens to products."""

from django.utils.translation import gettext_lazy as _

from events.bus import Payload, event_type


@event_type("product.created", _("Product created"), category="product")
class ProductCreated(Payload):
    """A person created a product, for an organisation or for themselves."""

    product_id: int | None = None
    name: str
    url: str
    person_id: int
    person_name: str = ""
    organisation_id: int | None = None


@event_type("product.updated", _("Product updated"), category="product")
class ProductUpdated(Payload):
    """A person changed something of a product."""

    product_id: int
    name: str
    url: str
    person_id: int
    person_name: str = ""
    organisation_id: int | None = None
    changed: list[str]
