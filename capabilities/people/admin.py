"""People and organisations for staff."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from capabilities.people.models import Organisation, OrganisationRole, Person

admin.site.register(Person, UserAdmin)


class OrganisationRoleInline(admin.TabularInline):
    """Who does what in it."""

    model = OrganisationRole
    extra = 1
    raw_id_fields = ("person",)


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    """Organisations with their people."""

    search_fields = ("name",)
    inlines = (OrganisationRoleInline,)
