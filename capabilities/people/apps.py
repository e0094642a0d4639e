"""The capability."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People and organisations."""

    name = "capabilities.people"
    verbose_name = "People"
