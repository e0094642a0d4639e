"""An app of that project."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Sells kites."""

    name = "tests.foreign.shop"
