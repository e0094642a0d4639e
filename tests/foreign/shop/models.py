"""A user model as some projects have it: a UUID as primary key, in a column of another name; no is_active column."""

import uuid
from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from events.retention import Expiring


class Leaflet(Expiring):
    """Says what was on offer; goes when it is no longer."""

    number = models.BigAutoField(primary_key=True, db_column="Leaflet No")

    class Meta(Expiring.Meta):
        db_table = "Leaflets of the shop"

    def __str__(self) -> str:
        return f"Leaflet {self.number}"


class Customer(AbstractBaseUser):
    """Buys kites."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, db_column="Customer No")
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"

    objects: "ClassVar[BaseUserManager[Self]]" = BaseUserManager()

    def __str__(self) -> str:
        return self.email
