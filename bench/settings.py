"""The project's settings for measurements; the worker processes of Carillon run with them too."""

import os

os.environ |= {
    "DEBUG": "0",
    "HTTPS": "0",
    "LOG_LEVEL": "WARNING",
    "EVENTS_EXECUTION": "queue",
    "WORKERS": "2",
}
# No mail is configured, whatever the environment says; settings_channels is for what needs it.
os.environ |= {"CARILLON_DEMO": "0", "EMAIL_URL": "", "EMAIL_BACKEND": "", "SITE_URL": ""}
os.environ |= {"DATABASE_NAME": "bench_carillon", "DATABASE_POOL": "0"}
os.environ.setdefault("SECRET_KEY", "only-for-measurements-" + "x" * 40)

from project.settings import *  # noqa: F403
from project.settings import DATA_DIR, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench.app"]
#: Virtual environments of the baselines, and the lock that lets one bench run at a time.
BENCH_DIR = DATA_DIR.resolve() / "bench"
