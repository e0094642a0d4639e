"""An app of the tests: event types, handlers and notifiers that show what the bus does with them."""

import os
import sys
import time

from django.apps import AppConfig


class ProbeConfig(AppConfig):
    """Has no migrations: its table is made with the test database."""

    name = "tests.probe"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make a cluster as slow to start as a test wants it."""
        if "qcluster" in sys.argv:
            time.sleep(float(os.environ.get("TEST_SLOW_START", 0)))
