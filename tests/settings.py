"""The project's settings for tests. Real worker processes of a test use them too, with what it sets in TEST_*."""

import json
import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("HTTPS", "0")
# Nothing leaves the house, whatever the developer has set, unless the test says so.
os.environ |= {
    name: os.environ.get(f"TEST_{name}", "")
    for name in (
        "EMAIL_URL",
        "EMAIL_BACKEND",
        "SITE_URL",
        "PUSH_PROVIDER",
        "NOTIFICATION_SERVICE_URL",
        "FCM_CREDENTIALS",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "SMS_PROVIDER",
        "SMS_REGION",
        "SPARROW_TOKEN",
        "SPARROW_FROM",
        "SPARROW_URL",
        "WEBHOOK_ALLOWED_HOSTS",
    )
}
os.environ["WEBHOOKS"] = os.environ.get("TEST_WEBHOOKS", "1")

from pathlib import Path

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, Q_CLUSTER

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter", "tests.probe"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EVENTS_TEST_TYPES = True
TRYIT = Path(os.environ["TEST_TRYIT"]) if "TEST_TRYIT" in os.environ else None
MAILBOX = Path(os.environ["TEST_MAILBOX"]) if "TEST_MAILBOX" in os.environ else None
ROOT_URLCONF = "tests.urls"
SERVESTATIC_USE_FINDERS = SERVESTATIC_AUTOREFRESH = True


def _number(name: str, default: float) -> float:
    return float(os.environ.get(f"TEST_{name}", default))


ENGAGEMENT_EMAILS_PER_HOUR = int(_number("EMAILS_PER_HOUR", 20)) or None
ENGAGEMENT_RETRIES = json.loads(os.environ.get("TEST_RETRIES", "{}"))
EVENTS_LEASE_SECONDS = int(_number("LEASE", 90))
EVENTS_BACKOFF_SECONDS = _number("BACKOFF", 5)
EVENTS_STALL_SECONDS = _number("STALL", 10)
EVENTS_MAX_ATTEMPTS = int(_number("ATTEMPTS", 20))
EVENTS_TURN_SECONDS = _number("TURN", 2)
Q_CLUSTER = Q_CLUSTER | {
    "workers": int(_number("WORKERS", 2)),
    "timeout": int(_number("TIMEOUT", 60)),
    "retry": int(_number("RETRY", 180)),
    "poll": _number("POLL", 0.5),
    # It has the other numbers of those above, too.
    "ALT_CLUSTERS": {"delivery": {"workers": int(_number("WORKERS", 2))}},
}
if redis := os.environ.get("TEST_REDIS"):
    Q_CLUSTER = {name: value for name, value in Q_CLUSTER.items() if name not in {"broker_class", "orm"}}
    Q_CLUSTER["redis"] = redis
