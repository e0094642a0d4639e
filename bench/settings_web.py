"""The same for the web process, which has a pool of connections, as project/asgi.py has it."""

from bench.settings import *  # noqa: F403
from bench.settings import DATABASES

DATABASES["default"]["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 10, "timeout": 10}}
DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
ALLOWED_HOSTS = ["127.0.0.1"]
