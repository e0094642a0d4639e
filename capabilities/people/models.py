"""Person, Organisation, and the roles of one in the other."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Person(AbstractUser):
    """Somebody with an account; the AUTH_USER_MODEL."""

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]  # the stubs know only str
        verbose_name_plural = _("people")  # type: ignore[assignment]  # the same

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Organisation(models.Model):
    """What people work for."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    people: "models.ManyToManyField[Person, OrganisationRole]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("people"),
        through="OrganisationRole",
        related_name="organisations",
    )

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class OrganisationRole(models.Model):
    """What a person may do in an organisation."""

    class Role(models.TextChoices):
        """From the most to the least powerful."""

        OWNER = "owner", _("owner")
        MANAGER = "manager", _("manager")
        MEMBER = "member", _("member")

    MANAGING: ClassVar[list[str]] = [Role.OWNER, Role.MANAGER]

    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        on_delete=models.CASCADE,
        related_name="roles",
        db_index=False,
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="organisation_roles",
    )
    role = models.CharField(_("role"), max_length=10, choices=Role)

    class Meta:
        verbose_name = _("role in an organisation")
        verbose_name_plural = _("roles in organisations")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organisation", "person"], name="organisation_role_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "manager", "member"]), name="organisation_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()} of {self.organisation}"
