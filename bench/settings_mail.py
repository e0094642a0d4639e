"""The same with mail, for the processes that plan or send it: to the server at BENCH_SMTP_PORT, if there is one."""

import os

from bench.settings import *  # noqa: F403

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ.get("BENCH_SMTP_PORT", "25"))
DEFAULT_FROM_EMAIL = "Carillon <no-reply@carillon.example>"
ENGAGEMENT_BASE_URL = "https://carillon.example"
