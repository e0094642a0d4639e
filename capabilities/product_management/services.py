"""ProductManagementService: products change here, and here the events are published, in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from capabilities.people.models import Organisation, Person
from capabilities.people.services import RoleService
from capabilities.product_management.events import ProductUpdated
from capabilities.product_management.models import Product, ProductRole
from events.bus import get_event_bus

EDITABLE = ("name", "description", "website")


class ProductManagementService:
    """Each method is one transaction: the rows and the event are there together, or neither is."""

    @staticmethod
    @transaction.atomic
    def create_product(
        form_data: Mapping[str, Any], person: Person, organisation: Organisation | None = None
    ) -> Product:
        """Create a product of the organisation, or else of the person, who becomes its admin.

        Publishes product.created. Raises PermissionDenied if the person does not manage the organisation,
        and ValidationError for wrong data.
        """
        if organisation and not RoleService.manages_organisation(person, organisation):
            raise PermissionDenied(f"{person} does not manage {organisation}.")
        product = Product(
            **{name: form_data[name] for name in EDITABLE if name in form_data},
            organisation=organisation,
            person=None if organisation else person,
        )
        product.full_clean()
        product.save()
        ProductRole.objects.create(product=product, person=person, role=ProductRole.Role.ADMIN)
        get_event_bus().publish(
            "product.created",
            {
                "product_id": product.pk,
                "name": product.name,
                "url": product.get_absolute_url(),
                "person_id": person.pk,
                "person_name": str(person),
                "organisation_id": product.organisation_id,
            },
            actor=person,
            about=product,
        )
        return product

    @staticmethod
    @transaction.atomic
    def update_product(product: Product, form_data: Mapping[str, Any], person: Person) -> Product:
        """Change a product; publishes product.updated if anything did change.

        Raises PermissionDenied if the person manages neither the product nor its organisation, and
        ValidationError for wrong data.
        """
        product = Product.objects.select_for_update().get(pk=product.pk)
        if not ProductManagementService.can_edit(product, person):
            raise PermissionDenied(f"{person} does not manage {product}.")
        changed = [
            name for name in EDITABLE if name in form_data and form_data[name] != getattr(product, name)
        ]
        if not changed:
            return product
        for name in changed:
            setattr(product, name, form_data[name])
        product.full_clean()
        product.save(update_fields=changed)
        get_event_bus().publish(
            ProductUpdated(
                product_id=product.pk,
                name=product.name,
                url=product.get_absolute_url(),
                person_id=person.pk,
                person_name=str(person),
                organisation_id=product.organisation_id,
                changed=changed,
            ),
            actor=person,
            about=product,
        )
        return product

    @staticmethod
    def can_edit(product: Product, person: Person) -> bool:
        """Tell whether the person manages the product or its organisation, or owns it."""
        return stakeholders(product).filter(pk=person.pk).exists()


def stakeholders(product: Product) -> models.QuerySet[Person]:
    """Return the managers of the product and of its organisation, or the owning person."""
    found = RoleService.get_product_managers(product).values("pk")
    chosen = models.Q(pk__in=found) | models.Q(pk=product.person_id)
    if product.organisation:
        chosen |= models.Q(pk__in=RoleService.get_organisation_managers(product.organisation).values("pk"))
    return Person.objects.filter(chosen)
