"""What choices and rules are about: one event type, or one category."""

from django.db import models
from django.utils.translation import gettext_lazy as _


def scope_constraint(name: str) -> models.CheckConstraint:
    """Return the constraint that exactly one of event_type and category is given."""
    return models.CheckConstraint(
        condition=models.Q(event_type="") ^ models.Q(category=""),
        name=name,
        violation_error_message=_("Choose either an event type or a category, not both."),
    )
