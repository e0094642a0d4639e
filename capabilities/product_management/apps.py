"""The capability."""

from django.apps import AppConfig


class ProductManagementConfig(AppConfig):
    """Products."""

    name = "capabilities.product_management"
    verbose_name = "Product management"
