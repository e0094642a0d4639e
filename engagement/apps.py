"""Find the notifiers and put them on the bus."""

from django.apps import AppConfig, apps
from django.utils.module_loading import autodiscover_modules


class EngagementConfig(AppConfig):
    """Discovers `notifiers.py` of every installed app."""

    name = "engagement"
    verbose_name = "Engagement"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Subscribe the fan-out to every event type that has a notifier."""
        # Register by being imported.
        from engagement import checks, deliver, endpoint_checks, process, sessions, sms_checks  # noqa: F401
        from engagement.fanout import fan_out
        from engagement.registry import notifiers
        from events.bus import subscribe

        autodiscover_modules("notifiers")
        for notifier in notifiers:
            subscribe(notifier.event, fan_out, name="engagement.fan_out", replay=False, notifies=True)
        sessions.connect()
        if apps.is_installed("anymail"):
            from engagement import anymail_signals

            anymail_signals.connect()
