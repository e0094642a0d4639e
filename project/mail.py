"""How mails leave: as EMAIL_URL or any other EMAIL_BACKEND says, into the mailbox of the demo, or not at all."""

import importlib.util
import os
import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from engagement.conf import DUMMY as DUMMY
from project import env

SMTP = "django.core.mail.backends.smtp.EmailBackend"
MAILBOX = "project.mailbox.EmailBackend"
ANYMAIL = "ANYMAIL_"

#: What EMAIL_URL may begin with, and the port that is meant when it names none. django-environ knows more schemes,
#: among them smtps, which is STARTTLS to it and TLS from the first byte to others.
PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "consolemail": 0}
FORM = (
    "Write smtp+tls://user:password@host:587 (STARTTLS), smtp+ssl://... (TLS from the start, port 465), smtp://... "
    "(neither, port 25) or consolemail://. In user and password, other characters than letters and digits are to be "
    "percent-encoded: / is %2F, # is %23."
)

#: Settings of django-anymail that are no strings, by how their names end.
BOOLEANS = (
    "AUTO_CONFIRM_SNS_SUBSCRIPTIONS",
    "DEBUG_API_REQUESTS",
    "GENERATE_MESSAGE_ID",
    "IGNORE_RECIPIENT_STATUS",
    "IGNORE_UNSUPPORTED_FEATURES",
    "PREVENT_HEADER_ENCODING_BUGS",
    "TRACK_INITIAL_OPEN_AS_OPENED",
    "USE_BULK_API",
    "VERIFY_ATTACHMENT_EXTENSIONS",
    "WORKAROUND_DISPLAY_NAME_BUGS",
)
OBJECTS = ("CLIENT_PARAMS", "SEND_DEFAULTS", "SESSION_PARAMS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Django's settings of the same names, with its defaults."""

    backend: str
    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    use_tls: bool = False
    use_ssl: bool = False


def configuration(*, demo: bool) -> Mail:
    """Return how mails leave.

    EMAIL_BACKEND counts for more than the backend of EMAIL_URL. Without either, the demo keeps its mails, and others
    have Django's dummy backend: mail is not configured.
    """
    url = env.text("EMAIL_URL", "").strip()
    found = _from_url(url) if url else Mail(backend=MAILBOX if demo else DUMMY)
    backend = env.text("EMAIL_BACKEND", "").strip()
    return replace(found, backend=backend) if backend else found


def _from_url(url: str) -> Mail:
    """Read an EMAIL_URL. No message repeats any part of it but the scheme: the password may be anywhere."""
    scheme = _scheme(url)
    found = _parsed(url)
    if found is None:
        raise ImproperlyConfigured(f"EMAIL_URL cannot be read. {FORM}")
    if scheme == "consolemail":
        return Mail(backend=found["EMAIL_BACKEND"])
    if not re.fullmatch(r"[^\s/?#@]+", found["EMAIL_HOST"] or ""):
        raise ImproperlyConfigured(f"EMAIL_URL names no host. {FORM}")
    if found["EMAIL_PORT"] == 0:
        raise ImproperlyConfigured(f"The port in EMAIL_URL must be a number from 1 to 65535. {FORM}")
    if bool(found["EMAIL_HOST_USER"]) != bool(found["EMAIL_HOST_PASSWORD"]):
        raise ImproperlyConfigured(f"EMAIL_URL names a user without a password, or the other way. {FORM}")
    return Mail(
        backend=found["EMAIL_BACKEND"],
        host=found["EMAIL_HOST"],
        port=found["EMAIL_PORT"] or PORTS[scheme],
        user=found["EMAIL_HOST_USER"] or "",
        password=found["EMAIL_HOST_PASSWORD"] or "",
        use_tls=found.get("EMAIL_USE_TLS", False),
        use_ssl=found.get("EMAIL_USE_SSL", False),
    )


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    if scheme.lower() in PORTS and separator:
        return scheme.lower()
    other = f", not {scheme}://" if separator and re.fullmatch(r"[A-Za-z0-9+.-]{1,20}", scheme) else ""
    raise ImproperlyConfigured(
        f"EMAIL_URL must begin with {', '.join(f'{each}://' for each in PORTS)}{other}. {FORM}"
    )


def _parsed(url: str) -> dict[str, Any] | None:
    """Return what django-environ makes of it, or None if that is an error, or less than the whole URL.

    The error itself is let go: "Port could not be cast to integer value" goes on with what may be the password.
    """
    try:
        parts = urlsplit(url)
        found: dict[str, Any] = Env.email_url_config(url)
    except (ValueError, ImproperlyConfigured):
        return None
    return None if parts.path not in {"", "/"} or parts.query or parts.fragment else found


def apps(backend: str) -> list[str]:
    """Return what else is to be installed for a backend."""
    if not backend.startswith("anymail."):
        return []
    if importlib.util.find_spec("anymail") is None:
        raise ImproperlyConfigured(
            f'EMAIL_BACKEND is {backend}, and django-anymail is not installed: pip install "django-anymail~=15.0"'
        )
    return ["anymail"]


def anymail(timeout: int) -> dict[str, Any]:
    """Return ANYMAIL: every environment variable ANYMAIL_..., without that; `timeout` unless one of them is it.

    What a provider has no place for, such as our metadata and tags, is left out unless one of them says otherwise.
    """
    names = sorted(name for name in os.environ if name.startswith(ANYMAIL))
    given = {name.removeprefix(ANYMAIL): _anymail_setting(name) for name in names if os.environ[name]}
    return {"REQUESTS_TIMEOUT": timeout, "IGNORE_UNSUPPORTED_FEATURES": True} | given


def _anymail_setting(name: str) -> Any:
    if name.endswith(BOOLEANS):
        return env.boolean(name, default=False)
    if name.endswith(OBJECTS):
        return env.json_object(name)
    if name == f"{ANYMAIL}REQUESTS_TIMEOUT":
        return env.decimal(name, 0, minimum=1)
    if name == f"{ANYMAIL}WEBHOOK_SECRET":
        return _webhook_secrets(name)
    return env.text(name)


def _webhook_secrets(name: str) -> list[str]:
    """Return the "user:password"s with which a provider may report; two while they are being changed."""
    found = env.words(name, [])
    if not all(re.fullmatch(r"[^\s:]+:\S+", each) for each in found):
        raise ImproperlyConfigured(
            f"{name} must be user:password, both of random characters, or several with commas."
        )
    return found
