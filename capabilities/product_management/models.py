"""Product, and who manages it."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from events.sql import UNSTORABLE

#: PostgreSQL's text holds neither; a browser sends neither, but other callers of the service may.
STORABLE = RegexValidator(UNSTORABLE.pattern, _("It contains a NUL or a lone surrogate."), inverse_match=True)


class Product(models.Model):
    """Something that an organisation or a person makes."""

    name = models.CharField(_("name"), max_length=200, validators=[STORABLE])
    description = models.TextField(
        _("description"), max_length=4000, blank=True, validators=[STORABLE, MaxLengthValidator(4000)]
    )
    website = models.URLField(_("website"), blank=True)
    organisation = models.ForeignKey(
        "people.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="products",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="products",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(organisation=None) ^ models.Q(person=None),
                name="product_has_one_owner",
                violation_error_message=_("A product belongs to an organisation or to a person."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return its page."""
        return reverse("products:detail", args=[self.pk])


class ProductRole(models.Model):
    """What a person may do with a product."""

    class Role(models.TextChoices):
        """From the most to the least powerful."""

        ADMIN = "admin", _("admin")
        MANAGER = "manager", _("manager")
        CONTRIBUTOR = "contributor", _("contributor")

    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.CASCADE, related_name="roles", db_index=False
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="product_roles",
    )
    role = models.CharField(_("role"), max_length=12, choices=Role)

    class Meta:
        verbose_name = _("role in a product")
        verbose_name_plural = _("roles in products")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["product", "person"], name="product_role_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=["admin", "manager", "contributor"]), name="product_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()} of {self.product}"
