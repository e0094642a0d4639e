"""The capability."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProductManagementConfig(AppConfig):
    """Products."""

    name = "capabilities.product_management"
    verbose_name = "Product management"
    #: (label, view)s for the top of every page.
    navigation = [(_("Products"), "products:index")]
