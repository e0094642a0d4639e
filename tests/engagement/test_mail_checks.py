"""System checks: why mails would not be sent, or not be trusted, found at start."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from engagement.checks import check_channels, check_lane, check_mail, check_settings
from engagement.notifier import Notifier
from tests.engagement.pigeon import Pigeons
from tests.probe.events import Unheard

SMTP = "django.core.mail.backends.smtp.EmailBackend"
DUMMY = "django.core.mail.backends.dummy.EmailBackend"


@pytest.fixture
def mail(settings: Settings) -> Settings:
    """Settings with which mail is configured as it should be."""
    settings.DEBUG = False
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_TIMEOUT = 10
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    settings.DEFAULT_FROM_EMAIL = "no-reply@carillon.example"
    return settings


def only(found: list[CheckMessage], number: str) -> CheckMessage:
    """Return the one message, which has this number and says what to do."""
    (message,) = found
    assert message.id == f"engagement.{number}"
    assert message.hint
    return message


# Mail


def test_nothing_is_wrong_with_what_is_right(mail: Settings) -> None:
    assert check_mail(None) == check_lane(None) == check_settings(None) == []


SITE = "ENGAGEMENT_BASE_URL (in this project: SITE_URL)"
WAY = "EMAIL_BACKEND (in this project: EMAIL_URL)"


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        ({"ENGAGEMENT_BASE_URL": ""}, f"Set {SITE}."),
        ({"EMAIL_BACKEND": DUMMY}, f"Set {WAY}."),
        ({"ENGAGEMENT_BASE_URL": "", "EMAIL_BACKEND": DUMMY}, f"Set {SITE} and {WAY}."),
    ],
    ids=["no site", "no way", "neither"],
)
def test_mail_that_is_used_and_not_configured_is_a_warning_that_names_what_is_missing_and_nothing_else(
    mail: Settings, missing: dict[str, str], hint: str
) -> None:
    for name, value in missing.items():
        setattr(mail, name, value)
    warning = only(check_mail(None), "W010")
    assert warning.msg.startswith("Mail is not configured, so none is sent: not by ")
    assert warning.hint == hint
    mail.DEBUG = True
    assert check_mail(None) == [], "who develops has nobody to write to"


def test_mail_that_nobody_uses_need_not_be_configured(
    mail: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail.ENGAGEMENT_BASE_URL = ""
    monkeypatch.setattr("engagement.checks.notifiers", [])
    assert check_mail(None) == []


@pytest.mark.parametrize(
    "url",
    [
        "carillon.example",
        "ftp://carillon.example",
        "https://",
        "https://carillon.example/bus/",
        "https://me@carillon.example",
        "https://carillon.example?x",
        "https://carillon.example:70000",
        "https://[::1",
        b"https://carillon.example",
    ],
)
def test_links_to_nowhere_are_an_error(mail: Settings, url: Any) -> None:
    mail.ENGAGEMENT_BASE_URL = url
    only(check_mail(None), "E012")


def test_a_site_without_https_is_a_warning_but_for_developers(mail: Settings) -> None:
    mail.ENGAGEMENT_BASE_URL = "http://carillon.example:8000/"
    assert "RFC 8058" in str(only(check_mail(None), "W011").hint)
    mail.DEBUG = True
    assert check_mail(None) == []


def test_to_wait_for_a_mail_server_for_ever_is_a_warning(mail: Settings) -> None:
    mail.EMAIL_TIMEOUT = None
    only(check_mail(None), "W013")
    mail.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    assert check_mail(None) == [], "another backend has a time-out of its own"


def test_djangos_example_of_a_sender_is_a_warning(mail: Settings) -> None:
    mail.DEFAULT_FROM_EMAIL = "webmaster@localhost"
    only(check_mail(None), "W018")
    mail.ENGAGEMENT_FROM_EMAIL = "no-reply@carillon.example"
    assert check_mail(None) == []


# Other channels


def test_another_channel_that_is_counted_on_and_not_set_up_is_a_warning_that_says_what_to_do(
    mail: Settings, pigeons: Pigeons, declare: Callable[..., Notifier[Unheard]]
) -> None:
    pigeons.missing = "Build a dovecote."
    assert check_channels(None) == []
    declare(list, channels=("app", "pigeon"))
    declare(list, name="Alarm", mandatory=("pigeon",))
    warning = only(check_channels(None), "W026")
    assert warning.msg == "Pigeon is not set up, so nothing is sent: not by own.Listener, own.Alarm"
    assert warning.hint == "Build a dovecote."
    mail.DEBUG = True
    assert check_channels(None) == [], "who develops has nobody to write to"
    mail.DEBUG, pigeons.missing = False, ""
    assert check_channels(None) == []


def test_mail_is_not_told_of_twice(mail: Settings) -> None:
    mail.ENGAGEMENT_BASE_URL = ""
    assert check_channels(None) == []


# The lane


def test_deliveries_without_a_cluster_of_their_own_are_a_warning(mail: Settings) -> None:
    mail.Q_CLUSTER = {name: value for name, value in mail.Q_CLUSTER.items() if name != "ALT_CLUSTERS"}
    assert 'Q_CLUSTER["ALT_CLUSTERS"] = {"delivery": {"workers": 2}}' in str(
        only(check_lane(None), "W019").hint
    )
    mail.EVENTS_EXECUTION = "inline"
    assert check_lane(None) == [], "there are no clusters"


def test_a_project_without_clusters_hears_that_from_the_bus(mail: Settings) -> None:
    mail.Q_CLUSTER = {}
    assert check_lane(None) == []


# Values that cannot be meant

WRONG: list[tuple[str, Any, str]] = [
    ("SENDER_ID", "bell", "E014"),
    ("SENDER_ID", "a" * 16, "E014"),
    ("SENDER_ID", "caril:lon", "E014"),
    ("SENDER_ID", "carillon\n", "E014"),
    ("SENDER_ID", None, "E014"),
    ("DIGEST_HOUR", 24, "E015"),
    ("DIGEST_HOUR", -1, "E015"),
    ("DIGEST_HOUR", 8.5, "E015"),
    ("DIGEST_HOUR", "8", "E015"),
    ("DIGEST_HOUR", True, "E015"),
    ("EMAILS_PER_HOUR", 0, "E016"),
    ("EMAILS_PER_HOUR", "20", "E016"),
    ("RETRIES", [60], "E017"),
    ("RETRIES", {"email": 60}, "E017"),
    ("RETRIES", {"emial": [60]}, "E017"),
    ("RETRIES", {("email",): [60]}, "E017"),
    ("RETRIES", {"email": [-1]}, "E017"),
    ("RETRIES", {"email": [float("nan")]}, "E017"),
    ("RETRIES", {"email": ["60"]}, "E017"),
    ("RETRIES", {"email": [True]}, "E017"),
]
RIGHT: list[tuple[str, Any]] = [
    ("SENDER_ID", "my-shop_1"),
    ("DIGEST_HOUR", 0),
    ("DIGEST_HOUR", 23),
    ("EMAILS_PER_HOUR", 1),
    ("EMAILS_PER_HOUR", None),
    ("RETRIES", {"email": [0, 1.5], "email:product.created": ()}),
]


@pytest.mark.parametrize(("name", "value", "number"), WRONG)
def test_a_value_that_cannot_be_meant_is_an_error(
    settings: Settings, name: str, value: Any, number: str
) -> None:
    setattr(settings, f"ENGAGEMENT_{name}", value)
    assert only(check_settings(None), number).msg == f"ENGAGEMENT_{name} is {value!r}."


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_any_other_is_good(settings: Settings, name: str, value: Any) -> None:
    setattr(settings, f"ENGAGEMENT_{name}", value)
    assert check_settings(None) == []
