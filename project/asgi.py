"""The web process: `uvicorn project.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
# Each request runs in a thread of its own, so connections must come from a pool (Django's ASGI notes).
os.environ.setdefault("DATABASE_POOL", "1")

application = get_asgi_application()
