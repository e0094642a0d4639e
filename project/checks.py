"""What would silently not be there, as a system check."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection

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


@register("project")
def check_mail_backend(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A backend is first made when the first mail is due: make it now. That connects to nobody."""
    try:
        get_connection()
    except (ImportError, ImproperlyConfigured, TypeError, ValueError) as error:
        return [
            Error(
                f"EMAIL_BACKEND is {settings.EMAIL_BACKEND}, which cannot be used: {error}",
                hint="Correct EMAIL_BACKEND, or the settings that it asks for; ANYMAIL_... become those of anymail.",
                id="project.E002",
            )
        ]
    return []


@register("project")
def check_webhooks(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Without a secret nobody may report bounces, so no address is ever suppressed."""
    if not apps.is_installed("anymail") or settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return []
    return [
        checks.Warning(
            "What the mail provider reports of bounces and complaints is not heard.",
            hint="Set ANYMAIL_WEBHOOK_SECRET=user:password, both random, and give the provider the address "
            "https://user:password@host/anymail/.../tracking/ (docs/operating.md).",
            id="project.W003",
        )
    ]
