"""Find what the installed apps declare."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class EventsConfig(AppConfig):
    """Discovers `events.py`, then `handlers.py`, of every installed app."""

    name = "events"
    verbose_name = "Events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register everything; two declarations of one name stop the start."""
        from events import checks, limits, task  # noqa: F401 - registers by being imported

        autodiscover_modules("events")
        autodiscover_modules("handlers")
        post_migrate.connect(_create_schedules, sender=self)


def _create_schedules(using: str, **kwargs: Any) -> None:
    from events import queue

    if using == "default":
        queue.ensure_schedules()
