"""What the figures were obtained on, in a line."""

import os
import platform
from importlib.metadata import version

import psutil

from events.sql import fetch

PACKAGES = ("Django", "django-q2", "psycopg")


def description() -> str:
    """Return cores, memory and versions."""
    ((postgres,),) = fetch("SHOW server_version")
    found = [f"{name} {version(name)}" for name in PACKAGES]
    return ", ".join(
        [
            f"{os.cpu_count()} cores",
            f"{psutil.virtual_memory().total / 2**30:.0f} GB",
            f"PostgreSQL {postgres.split()[0]}",
            f"Python {platform.python_version()}",
            *found,
        ]
    )
