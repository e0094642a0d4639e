"""Products for staff. They are changed in their pages, where the events are published."""

from django.contrib import admin

from capabilities.product_management.models import Product, ProductRole


class ProductRoleInline(admin.TabularInline):
    """Who manages it."""

    model = ProductRole
    extra = 1
    raw_id_fields = ("person",)


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Products with their roles."""

    list_display = ("name", "organisation", "person", "created_at")
    list_select_related = ("organisation", "person")
    search_fields = ("name",)
    raw_id_fields = ("person",)
    readonly_fields = ("name", "description", "website")
    inlines = (ProductRoleInline,)

    def has_add_permission(self, request: object) -> bool:
        """Refuse: nobody would be notified."""
        return False
