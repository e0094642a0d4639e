"""An app of the measurements: event types, a handler and notifiers, discovered like anybody's."""

from django.apps import AppConfig


class BenchConfig(AppConfig):
    """Has no models."""

    name = "bench.app"
    label = "bench"
