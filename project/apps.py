"""The project as an app: its templates and static files."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Has no models."""

    name = "project"
