"""RoleService: who manages what."""

from typing import Any

from django.db.models import QuerySet

from capabilities.people.models import Organisation, OrganisationRole, Person


class RoleService:
    """Answers are querysets of people, so that an audience needs no loop."""

    @staticmethod
    def get_organisation_managers(organisation: Organisation) -> QuerySet[Person]:
        """Return the owners and managers of an organisation."""
        roles = OrganisationRole.objects.filter(organisation=organisation, role__in=OrganisationRole.MANAGING)
        return Person.objects.filter(pk__in=roles.values("person"))

    @staticmethod
    def get_product_managers(product: Any) -> QuerySet[Person]:
        """Return the admins and managers of a product.

        The roles belong to product management, which gives people the reverse relation `product_roles`; this
        capability knows no other.
        """
        return Person.objects.filter(
            product_roles__product=product, product_roles__role__in=["admin", "manager"]
        ).distinct()

    @staticmethod
    def manages_organisation(person: Person, organisation: Organisation) -> bool:
        """Tell whether the person is an owner or a manager."""
        return RoleService.get_organisation_managers(organisation).filter(pk=person.pk).exists()

    @staticmethod
    def get_managed_organisations(person: Person) -> QuerySet[Organisation]:
        """Return the organisations that the person owns or manages."""
        return Organisation.objects.filter(roles__person=person, roles__role__in=OrganisationRole.MANAGING)
