"""What an event is about, in words: "product 7" for `product_management.product:7`."""

from django.apps import apps
from django.utils.translation import gettext as _


def kind_of_subject(about: str) -> str:
    """Return what kind of object it is, as its model is called; "subject" for what no model has."""
    label, _colon, _key = about.partition(":")
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return _("subject")


def subject(about: str) -> str:
    """Return the kind and the key of the object; what is no reference to a row of a model, as it stands."""
    label, _colon, key = about.partition(":")
    try:
        return f"{apps.get_model(label)._meta.verbose_name} {key}".strip()
    except (LookupError, ValueError):
        return about
