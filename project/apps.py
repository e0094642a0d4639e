"""The project as an app: its templates and static files."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Has no models."""

    name = "project"

    def ready(self) -> None:
        """Register the checks."""
        from project import checks  # noqa: F401 - registers by being imported
