"""The project as an app: its templates and static files."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ProjectConfig(AppConfig):
    """Has no models."""

    name = "project"

    def ready(self) -> None:
        """Register the checks."""
        from project import checks  # noqa: F401 - registers by being imported

    @property
    def navigation(self) -> list[tuple[Promise, str]]:
        """Return the links to the pages that only the demo has."""
        found: list[tuple[Promise, str]] = []
        if settings.TRYIT:
            found.append((_("Try it"), "tryit:index"))
        if settings.MAILBOX:
            found.append((_("Mailbox"), "mailbox:index"))
        return found
