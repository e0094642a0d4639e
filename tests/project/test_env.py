"""Environment variables: a wrong value stops the start."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import SafeExceptionReporterFilter

from project import env


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("true", True), ("Yes", True), ("ON", True), ("0", False), ("no", False), ("", False)],
)
def test_a_boolean_has_a_few_spellings(monkeypatch: pytest.MonkeyPatch, text: str, expected: bool) -> None:
    monkeypatch.setenv("X", text)
    assert env.boolean("X", default=not expected) is expected


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda: env.boolean("X", default=False), "ture"),
        (lambda: env.integer("X", 1), "1.5"),
        (lambda: env.integer("X", 1), ""),
        (lambda: env.integer("X", 1, minimum=1), "0"),
        (lambda: env.decimal("X", 1), "one"),
        (lambda: env.decimal("X", 1, minimum=0.1), "-1"),
        (lambda: env.decimal("X", 1), "nan"),
        (lambda: env.decimal("X", 1), "inf"),
        (lambda: env.log_level("X", "INFO"), "foo"),
        (lambda: env.log_level("X", "INFO"), ""),
        (lambda: env.days("X", 1), "one"),
        (lambda: env.days("X", 1), "0"),
        (lambda: env.days("X", 1), "-90"),
        (lambda: env.days("X", 1), "36501"),
        (lambda: env.days("X", 1), "9" * 5000),
    ],
)
def test_a_typing_error_is_not_a_default(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], Any], text: str
) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be"):
        read()


def test_a_number_may_be_its_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "1")
    assert env.integer("X", 2, minimum=1) == 1
    assert env.decimal("X", 2, minimum=1) == 1.0


@pytest.mark.parametrize("text", ["debug", "DEBUG", " Debug "])
def test_a_log_level_may_be_lower_case(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X", text)
    assert env.log_level("X", "INFO") == "DEBUG"


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("LOG_LEVEL=foo", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL; not 'foo'."),
        ("WORKERS=0", "WORKERS must be a whole number from 1 on, not '0'."),
        ("EVENTS_STALL_SECONDS=-5", "EVENTS_STALL_SECONDS must be a number from 1 on, not '-5'."),
        ("EVENTS_RETENTION_DAYS=-1", "EVENTS_RETENTION_DAYS must be from 1 to 36500 days, not -1."),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(variable: str, message: str) -> None:
    name, value = variable.split("=")
    assert manage("check", **{name: value}) == f"A setting is wrong. {message}\n"


def manage(*arguments: str, **environment: str) -> str:
    """Return what manage.py says on standard error when it fails."""
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=Path(env.__file__).parent.parent,
        env=inherited | {"DEBUG": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def test_what_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    assert env.text("X", "a") == "a"
    assert env.integer("X", 3) == 3
    assert env.decimal("X", 0.5) == 0.5
    assert env.days("X", 90) == timedelta(days=90)
    assert env.boolean("X", default=True) is True
    assert env.words("X", ["a"]) == ["a"]
    with pytest.raises(ImproperlyConfigured, match="X must be set"):
        env.text("X")


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "a.example, b.example ,,")
    assert env.words("X", []) == ["a.example", "b.example"]


def test_only_with_debug_may_the_secret_key_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert env.secret_key(debug=True)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        env.secret_key(debug=False)
    monkeypatch.setenv("SECRET_KEY", "s")
    assert env.secret_key(debug=False) == "s"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://push.example",
        "http://10.0.0.1:8080/v1/",
        " https://push.example/a/b ",
        "https://[::1]:8443/x",
    ],
)
def test_the_address_of_a_service_may_have_a_path(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("X", text)
    assert env.url("X") == text.strip()
    assert env.url("X", "https://usual.example/") == (text.strip() or "https://usual.example/")


@pytest.mark.parametrize(
    "text",
    [
        "push.example",
        "ftp://push.example",
        "https://",
        "https:///path",
        "https://me:hunter2@push.example/",
        "https://push.example/?key=hunter2",
        "https://push.example/#hunter2",
        "https://push.example/a b",
        "https://push.example\\hunter2",
        "https://push.example:0/",
        "https://push.example:70000/",
        "https://[::1/",
    ],
)
def test_what_is_no_address_of_a_service_stops_the_start_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be https://host") as raised:
        env.url("X")
    assert "hunter2" not in str(raised.value)


def test_credentials_are_a_path_or_what_is_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    assert env.path_or_json("X") == ""
    monkeypatch.setenv("X", " /run/secrets/fcm.json ")
    assert env.path_or_json("X") == "/run/secrets/fcm.json"
    monkeypatch.setenv("X", ' {"type": "service_account"} ')
    assert env.path_or_json("X") == {"type": "service_account"}
    monkeypatch.setenv("X", '{"private_key": "hunter2"')
    with pytest.raises(ImproperlyConfigured, match="X must be a JSON object") as raised:
        env.path_or_json("X")
    assert "hunter2" not in str(raised.value)


CHANNELS = {
    "PUSH_PROVIDER": ("fcm", "fcm"),
    "NOTIFICATION_SERVICE_URL": ("https://push.example/v1", "https://push.example/v1"),
    "FCM_CREDENTIALS": ('{"private_key": "hunter2"}', {"private_key": "hunter2"}),
    "SMS_PROVIDER": ("sparrow", "sparrow"),
    "SMS_REGION": ("NP", "NP"),
    "SPARROW_TOKEN": ("hunter2", "hunter2"),
    "SPARROW_FROM": ("Carillon", "Carillon"),
    "SPARROW_URL": ("https://sms.example/", "https://sms.example/"),
    "WEBHOOKS": ("0", False),
    "WEBHOOK_ALLOWED_HOSTS": ("10.0.0.0/8, hook.example:8080", ["10.0.0.0/8", "hook.example:8080"]),
}
READ = """
import json
from django.conf import settings

print(json.dumps({name: getattr(settings, f"ENGAGEMENT_{name}") for name in %s}))
"""


def settings_with(**environment: str) -> dict[str, Any]:
    """Return what the project has as settings of channels in such an environment."""
    inherited = {name: value for name, value in os.environ.items() if name not in CHANNELS}
    done = subprocess.run(
        [sys.executable, "-c", READ % [*CHANNELS]],
        cwd=Path(env.__file__).parent.parent,
        env=inherited | {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "project.settings"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_each_channel_is_configured_by_the_environment() -> None:
    given = {name: text for name, (text, _read) in CHANNELS.items()}
    assert settings_with(**given) == {name: read for name, (_text, read) in CHANNELS.items()}


def test_without_any_of_it_nobody_is_pushed_or_texted_and_webhooks_lead_to_public_places() -> None:
    assert settings_with() == dict.fromkeys(CHANNELS, "") | {
        "SPARROW_URL": "https://api.sparrowsms.com/v2/sms/",
        "WEBHOOKS": True,
        "WEBHOOK_ALLOWED_HOSTS": [],
    }


def test_no_report_of_an_error_shows_what_signs_for_us() -> None:
    hidden = SafeExceptionReporterFilter()
    for name in ("ENGAGEMENT_FCM_CREDENTIALS", "ENGAGEMENT_SPARROW_TOKEN"):
        _text, value = CHANNELS[name.removeprefix("ENGAGEMENT_")]
        assert "hunter2" not in str(hidden.cleanse_setting(name, value))
