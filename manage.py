#!/usr/bin/env python
"""Django's command line; `make run` and `make test` call it for you."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    try:
        _ = settings.INSTALLED_APPS  # read now: some commands would go on without settings, and fail later
    except ImproperlyConfigured as error:
        sys.exit(f"A setting is wrong. {error}")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # most often a name in an apps.py
        sys.exit(f"An app or a setting is wrong. {error}")
