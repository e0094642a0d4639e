"""The form of a product."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from capabilities.people.models import Organisation, Person
from capabilities.people.services import RoleService
from capabilities.product_management.models import Product
from capabilities.product_management.services import EDITABLE


class ProductForm(forms.ModelForm):
    """What can be edited."""

    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")

    class Meta:
        model = Product
        fields = EDITABLE
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}


class NewProductForm(ProductForm):
    """The same, and whose it is: one of the organisations that the person manages, or their own."""

    owner: "forms.ModelChoiceField[Organisation]" = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=_("Whose it is"),
        required=False,
        empty_label=_("Mine"),
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = RoleService.get_managed_organisations(person)
        field.initial = field.queryset.first()
