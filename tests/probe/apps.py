"""An app of the tests: event types, handlers and notifiers that show what the bus does with them."""

from django.apps import AppConfig


class ProbeConfig(AppConfig):
    """Has no migrations: its table is made with the test database."""

    name = "tests.probe"
    default_auto_field = "django.db.models.BigAutoField"
