"""EMAIL_URL, EMAIL_BACKEND and what belongs to them: read as they are meant, or refused in words."""

import os
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from project import env, mail
from project.mail import Mail
from tests.cluster import run_python

SMTP = "django.core.mail.backends.smtp.EmailBackend"
MAILGUN = "anymail.backends.mailgun.EmailBackend"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing of mail."""
    for name in list(os.environ):
        if name in {"EMAIL_URL", "EMAIL_BACKEND", "SITE_URL"} or name.startswith("ANYMAIL_"):
            monkeypatch.delenv(name)


# EMAIL_URL

URLS = [
    ("smtp://mail.example", Mail(backend=SMTP, host="mail.example", port=25)),
    ("smtp://mail.example:1025/", Mail(backend=SMTP, host="mail.example", port=1025)),
    ("smtp://[::1]:1025", Mail(backend=SMTP, host="::1", port=1025)),
    ("smtp+tls://mail.example", Mail(backend=SMTP, host="mail.example", port=587, use_tls=True)),
    ("SMTP+SSL://mail.example", Mail(backend=SMTP, host="mail.example", port=465, use_ssl=True)),
    (
        " smtp+tls://me%40shop.example:secret@mail.example:2525 ",
        Mail(
            backend=SMTP,
            host="mail.example",
            port=2525,
            user="me@shop.example",
            password="secret",
            use_tls=True,
        ),
    ),
    ("consolemail://", Mail(backend="django.core.mail.backends.console.EmailBackend")),
]


@pytest.mark.parametrize(("url", "expected"), URLS)
def test_a_url_says_how_mails_leave(monkeypatch: pytest.MonkeyPatch, url: str, expected: Mail) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    assert mail.configuration(demo=False) == mail.configuration(demo=True) == expected


@given(user=st.text(min_size=1), password=st.text(min_size=1))
def test_any_user_and_password_can_be_percent_encoded(user: str, password: str) -> None:
    found = mail._from_url(f"smtp://{quote(user, safe='')}:{quote(password, safe='')}@mail.example")
    assert (found.user, found.password, found.host) == (user, password, "mail.example")


def test_its_settings_are_djangos() -> None:
    look = "from django.core.mail import get_connection; c = get_connection(); "
    look += "print(c.host, c.port, c.username, c.password, c.use_tls, c.use_ssl, c.timeout)"
    found = run_python(look, email_url="smtp+tls://me:p%2Fw@mail.example")
    assert found == "mail.example 587 me p/w True False 10"


WRONG = [
    ("http://mail.example", "must begin with smtp://, .*, consolemail://, not http://"),
    ("smtps://mail.example", "must begin with .*, not smtps://"),
    ("mail.example:25", "must begin with"),
    ("me:SECRET@mail.example", "must begin with"),
    ("SECRET", "must begin with"),
    ("smtp://", "names no host"),
    ("smtp://:587", "names no host"),
    ("smtp://me:SECRET@", "names no host"),
    ("smtp://me:SECRET@mail example", "names no host"),
    ("smtp://mail.example:0", "The port in EMAIL_URL must be a number from 1 to 65535"),
    ("smtp://me:SECRET@mail.example:70000", "cannot be read"),
    ("smtp://me:SECRET@mail.example:smtp", "cannot be read"),
    ("smtp://[::1", "cannot be read"),
    ("smtp://me:SECRET#1@mail.example", "cannot be read"),
    ("smtp://me:SECRET/1@mail.example", "cannot be read"),
    ("smtp://me:SECRET?1@mail.example", "cannot be read"),
    ("smtp://me:12#SECRET@mail.example", "cannot be read"),
    ("smtp://me:SECRET[@mail.example", "cannot be read"),
    ("smtp://mail.example?use_tls=1", "cannot be read"),
    ("smtp://mail.example/inbox", "cannot be read"),
    ("smtp://me@mail.example", "names a user without a password"),
    ("smtp://:SECRET@mail.example", "names a user without a password, or the other way"),
]


@pytest.mark.parametrize(("url", "message"), WRONG)
def test_what_is_wrong_is_refused_with_what_is_permitted_and_without_the_password(
    monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match=message) as raised:
        mail.configuration(demo=False)
    assert "Write smtp+tls://user:password@host:587" in str(raised.value)
    assert "percent-encoded" in str(raised.value)
    assert "SECRET" not in str(raised.value)
    assert raised.value.__context__ is None, "what a library said of it could have more"


def test_the_password_is_in_no_representation() -> None:
    assert "secret" not in repr(mail._from_url("smtp://me:secret@mail.example"))


# Without EMAIL_URL


@pytest.mark.parametrize("empty", ["", " "])
def test_without_a_url_only_the_demo_has_mail(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("EMAIL_URL", empty)
    monkeypatch.setenv("EMAIL_BACKEND", empty)
    assert mail.configuration(demo=False).backend == "django.core.mail.backends.dummy.EmailBackend"
    assert mail.configuration(demo=True).backend == "project.mailbox.EmailBackend"


def test_another_backend_counts_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_BACKEND", "shop.mail.Backend")
    assert mail.configuration(demo=True) == Mail(backend="shop.mail.Backend")
    monkeypatch.setenv("EMAIL_URL", "smtp://mail.example:99")
    assert mail.configuration(demo=True) == Mail(backend="shop.mail.Backend", host="mail.example", port=99)


# django-anymail


def test_its_settings_come_from_the_environment_with_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MAILGUN_API_KEY": "key-1",
        "IGNORE_RECIPIENT_STATUS": "0",
        "POSTMARK_USE_BULK_API": "yes",
        "REQUESTS_TIMEOUT": "2.5",
        "SEND_DEFAULTS": '{"tags": ["carillon"]}',
        "WEBHOOK_SECRET": "a:b, c:d",
        "MAILGUN_SENDER_DOMAIN": "",
    }.items():
        monkeypatch.setenv(f"ANYMAIL_{name}", value)
    assert mail.anymail(10) == {
        "MAILGUN_API_KEY": "key-1",
        "IGNORE_RECIPIENT_STATUS": False,
        "IGNORE_UNSUPPORTED_FEATURES": True,
        "POSTMARK_USE_BULK_API": True,
        "REQUESTS_TIMEOUT": 2.5,
        "SEND_DEFAULTS": {"tags": ["carillon"]},
        "WEBHOOK_SECRET": ["a:b", "c:d"],
    }


def test_its_servers_are_waited_for_no_longer_than_others() -> None:
    assert mail.anymail(10)["REQUESTS_TIMEOUT"] == 10


def test_what_a_provider_cannot_do_is_left_out_unless_the_operator_wants_to_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert mail.anymail(10)["IGNORE_UNSUPPORTED_FEATURES"] is True
    monkeypatch.setenv("ANYMAIL_IGNORE_UNSUPPORTED_FEATURES", "0")
    assert mail.anymail(10)["IGNORE_UNSUPPORTED_FEATURES"] is False


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DEBUG_API_REQUESTS", "SECRET", "must be one of 1, true"),
        ("REQUESTS_TIMEOUT", "0", "must be a number from 1 on"),
        ("SEND_DEFAULTS", "{'SECRET': 1}", "must be a JSON object"),
        ("MAILGUN_SEND_DEFAULTS", "[1]", "must be a JSON object"),
        ("WEBHOOK_SECRET", "SECRET", "must be user:password"),
        ("WEBHOOK_SECRET", "a:b,SECRET", "must be user:password"),
    ],
)
def test_a_wrong_one_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(f"ANYMAIL_{name}", value)
    with pytest.raises(ImproperlyConfigured, match=f"ANYMAIL_{name} {message}"):
        mail.anymail(10)


LOOK = """
from django.conf import settings
from django.core.mail import get_connection
from django.urls import resolve, Resolver404
def found(address):
    try:
        return resolve(address).view_name
    except Resolver404:
        return "nothing"
try:
    key = get_connection().api_key
except AttributeError:
    key = "none"
print("anymail" in settings.INSTALLED_APPS, key, found("/anymail/mailgun/tracking/"))
"""


def anymail_of(**variables: str) -> list[str]:
    """Return whether it is installed, the key that its backend uses, and the view of its webhook."""
    return run_python(
        f"exec({LOOK!r})", {f"ANYMAIL_{name}": value for name, value in variables.items()}
    ).split()


def test_with_its_backend_it_is_installed_and_what_the_provider_reports_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert anymail_of() == ["False", "none", "nothing"]
    monkeypatch.setenv("TEST_EMAIL_BACKEND", MAILGUN)
    found = anymail_of(MAILGUN_API_KEY="key-1", WEBHOOK_SECRET="a:b")
    assert found == ["True", "key-1", "anymail:mailgun_tracking_webhook"]


def test_whoever_could_report_without_a_secret_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody could have an address suppressed by saying that it bounced."""
    monkeypatch.setenv("TEST_EMAIL_BACKEND", MAILGUN)
    assert anymail_of(MAILGUN_API_KEY="key-1") == ["True", "key-1", "nothing"]


def test_its_backend_without_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mail.apps(SMTP) == []
    assert mail.apps(MAILGUN) == ["anymail"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r'pip install "django-anymail~='):
        mail.apps(MAILGUN)


# SITE_URL, DEFAULT_FROM_EMAIL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("https://carillon.example", "https://carillon.example"),
        ("https://carillon.example/", "https://carillon.example"),
        (" http://localhost:8000 ", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_site_has_an_address(monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    monkeypatch.setenv("SITE_URL", text)
    assert env.origin("SITE_URL") == expected


@pytest.mark.parametrize(
    "text",
    [
        "carillon.example",
        "ftp://carillon.example",
        "https://",
        "https://:443",
        "https://carillon.example/bus",
        "https://carillon.example//",
        "https://carillon.example?x",
        "https://carillon.example#x",
        "https://me@carillon.example",
        "https://carillon.example:0",
        "https://carillon.example:70000",
        "https://carillon example",
        "https://[::1",
        "https://carillon.example\\x",
    ],
)
def test_what_is_no_address_of_a_site_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SITE_URL", text)
    with pytest.raises(ImproperlyConfigured, match="SITE_URL must be https://host or https://host:port"):
        env.origin("SITE_URL")


@pytest.mark.parametrize("text", ["no-reply@carillon.example", "Carillon <no-reply@carillon.example>"])
def test_mails_come_from_an_address_with_or_without_a_name(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("X", text)
    assert env.address("X", "other@carillon.example") == text
    monkeypatch.setenv("X", "")
    assert env.address("X", "other@carillon.example") == "other@carillon.example"


@pytest.mark.parametrize(
    "text", ["Carillon", "Carillon <>", "@", "a@", "a@b\nBcc: c@d", "a@b c", "a@b, c@d", "a@b <c"]
)
def test_what_is_no_address_of_mail_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be an address, such as Carillon <no-reply@"):
        env.address("X", "other@carillon.example")


SETTINGS: list[tuple[dict[str, str], str, Any]] = [
    ({"EMAILS_PER_HOUR": "0"}, "ENGAGEMENT_EMAILS_PER_HOUR", "None"),
    ({"EMAILS_PER_HOUR": "5"}, "ENGAGEMENT_EMAILS_PER_HOUR", "5"),
    ({}, "ENGAGEMENT_EMAILS_PER_HOUR", "20"),
    ({"EMAIL_TIMEOUT": "3"}, "EMAIL_TIMEOUT", "3"),
    ({"DEFAULT_FROM_EMAIL": "a@b.example"}, "SERVER_EMAIL", "a@b.example"),
    ({"TEST_SITE_URL": "https://a.example/"}, "ENGAGEMENT_BASE_URL", "https://a.example"),
    ({"SECRET_KEY_FALLBACKS": "a,b"}, "SECRET_KEY_FALLBACKS", "['a', 'b']"),
    ({"DELIVERY_WORKERS": "7"}, "Q_CLUSTER['ALT_CLUSTERS']", "{'delivery': {'workers': 7}}"),
]


@pytest.mark.parametrize(("variables", "expression", "expected"), SETTINGS)
def test_the_environment_becomes_settings(variables: dict[str, str], expression: str, expected: str) -> None:
    program = f"from project.settings import *; print({expression})"
    assert run_python(program, variables) == expected
