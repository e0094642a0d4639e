"""A way of sending that cannot work, found at start."""

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from project.checks import check_mail_backend, check_webhooks
from tests.cluster import run_python


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("shop.mail.Backend", "No module named 'shop'"),
        ("project.mail.Backend", 'does not define a "Backend"'),
        ("nonsense", "doesn't look like a module path"),
        ("anymail.backends.mailgun.EmailBackend", "You must set ANYMAIL = {'MAILGUN_API_KEY': ...}"),
    ],
)
def test_a_backend_that_cannot_be_made_is_an_error(settings: Settings, backend: str, said: str) -> None:
    settings.EMAIL_BACKEND = backend
    (error,) = check_mail_backend(None)
    assert error.id == "project.E002"
    assert said in error.msg
    assert error.hint


def test_one_that_can_is_made_without_connecting(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "nobody.invalid"
    assert check_mail_backend(None) == []


def test_with_both_ways_of_encryption_it_cannot(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True
    (error,) = check_mail_backend(None)
    assert "are mutually exclusive" in error.msg


def test_a_provider_that_may_report_nothing_is_a_warning() -> None:
    assert check_webhooks(None) == []
    look = "from project.checks import check_webhooks; print(*(each.id for each in check_webhooks(None)))"
    backend = "anymail.backends.mailgun.EmailBackend"
    secret = {"ANYMAIL_WEBHOOK_SECRET": "a:b"}
    assert run_python(look, email_backend=backend) == "project.W003"
    assert run_python(look, secret, email_backend=backend) == ""


def test_they_are_among_the_checks(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "nonsense"
    found: list[CheckMessage] = run_checks(tags=["project"])
    assert [each.id for each in found] == ["project.E002"]
