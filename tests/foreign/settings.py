"""Somebody else's Django project that uses only the two reusable apps."""

import os

SECRET_KEY = "only-for-tests-" + "x" * 40
AUTH_USER_MODEL = os.environ.get("FOREIGN_USER", "auth.User")
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django_htmx",
    "django_q",
    "simple_history",
    "events",
    "engagement",
    "tests.foreign.shop",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "tests.foreign.urls"
ALLOWED_HOSTS = ["testserver"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "engagement.context_processors.unread",
            ],
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["FOREIGN_DATABASE"],
        "USER": os.environ["FOREIGN_DATABASE_USER"],
        "PASSWORD": os.environ["FOREIGN_DATABASE_PASSWORD"],
        "HOST": os.environ["FOREIGN_DATABASE_HOST"],
        "PORT": os.environ["FOREIGN_DATABASE_PORT"],
        "CONN_MAX_AGE": 600,
        "OPTIONS": {"keepalives_idle": 30},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
STATIC_URL = "static/"
USE_TZ = True
Q_CLUSTER = {
    "name": "shop",
    "broker_class": "events.broker.PostgresBroker",
    "orm": "default",
    "workers": 1,
    "timeout": 60,
    "retry": 180,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "ALT_CLUSTERS": {"delivery": {"workers": 1}},
}
#: Where the links in mails lead. The journey says who takes them.
ENGAGEMENT_BASE_URL = "https://shop.example"
ENGAGEMENT_SITE_NAME = "The kite shop"
DEFAULT_FROM_EMAIL = "hello@shop.example"
EMAIL_TIMEOUT = 10
