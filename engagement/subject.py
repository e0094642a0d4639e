"""What an event is about, in words: "product 7" for `product_management.product:7`."""

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from events.bus import reference
from events.sql import UNSTORABLE

NAME_LENGTH = 200


def object_name(about: models.Model | str) -> str:
    """Return the name by which events refer to an object; raise ValueError for none, or one that none can have."""
    name = reference(about)
    if not 0 < len(name) <= NAME_LENGTH or UNSTORABLE.search(name):
        raise ValueError(
            f"It needs an object, or the name by which events refer to it: 1 to {NAME_LENGTH} characters."
        )
    return name


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


def label_of_category(category: str) -> str:
    """Return a category as people call it."""
    return category.replace("_", " ").replace("-", " ").capitalize()
