"""A user model as some projects have it: a UUID as primary key, and no is_active column."""

import uuid
from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Customer(AbstractBaseUser):
    """Buys kites."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"

    objects: "ClassVar[BaseUserManager[Self]]" = BaseUserManager()

    def __str__(self) -> str:
        return self.email
