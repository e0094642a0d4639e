"""What would silently not be there, as a system check."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from project import discovery


@register("project")
def check_capabilities(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A folder without an apps.py is not installed, whatever it declares."""
    return [
        checks.Warning(
            f"capabilities/{name} has no apps.py, so nothing in it is found.",
            hint=f'Write capabilities/{name}/apps.py with an AppConfig whose name is "capabilities.{name}".',
            id="project.W001",
        )
        for name in discovery.without_app()
    ]
