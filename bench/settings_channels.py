"""The same with channels that leave the house, for the processes that plan or send: to servers of the run, if any."""

import os

from bench.settings import *  # noqa: F403

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ.get("BENCH_SMTP_PORT", "25"))
DEFAULT_FROM_EMAIL = "Carillon <no-reply@carillon.example>"
ENGAGEMENT_BASE_URL = "https://carillon.example"
ENGAGEMENT_NOTIFICATION_SERVICE_URL = os.environ.get("BENCH_PUSH_URL", "")
ENGAGEMENT_SPARROW_URL = os.environ.get("BENCH_SMS_URL", "")
ENGAGEMENT_SMS_PROVIDER = "sparrow" if ENGAGEMENT_SPARROW_URL else ""
ENGAGEMENT_SPARROW_TOKEN, ENGAGEMENT_SPARROW_FROM = "only-for-measurements", "Carillon"
# Where webhooks go is in the table of endpoints.
ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
