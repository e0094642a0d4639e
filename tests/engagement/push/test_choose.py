"""Which provider an installation has, and that a wrong setting is told once and is no crash."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from engagement.outgoing import Outgoing, Sent
from engagement.push import PushProvider, provider
from engagement.push.checks import check_provider
from tests.fcm import new_key, private_key


class Pigeon(PushProvider):
    """A provider of somebody else."""

    name = "pigeon"

    def configured(self) -> bool:
        """Tell that it can fly."""
        return True

    def send(self, message: Outgoing) -> Sent:
        """Let it fly."""
        return Sent("flown")


class Ostrich(Pigeon):
    """One that is not configured, and does not say why."""

    name = "ostrich"

    def configured(self) -> bool:
        """Tell that it cannot fly."""
        return False


class Egg(PushProvider):
    """One that lacks everything."""

    name = "egg"


class Stone:
    """No provider."""


GATEWAY, ACCOUNT = "http://gateway.kites.example", "/there/is/no/such/file.json"


def account(**fields: str) -> dict[str, str]:
    """Return a good service account, with some fields changed."""
    return {
        "type": "service_account",
        "project_id": "kites",
        "private_key": private_key(),
        "client_email": "carillon@kites.example",
        "token_uri": "https://oauth2.googleapis.com/token",
    } | fields


def name_of(found: PushProvider | None) -> str:
    """Return who it is."""
    return found.name if found else ""


@pytest.mark.parametrize(
    ("setting", "url", "has_account", "expected"),
    [
        ("", "", False, ""),
        ("", "", True, "fcm"),
        ("", GATEWAY, False, "gateway"),
        ("", GATEWAY, True, "gateway"),
        ("fcm", GATEWAY, True, "fcm"),
        ("gateway", GATEWAY, True, "gateway"),
        ("gateway", "", True, ""),
        ("fcm", GATEWAY, False, ""),
        (f"{__name__}.Pigeon", GATEWAY, True, "pigeon"),
    ],
)
def test_who_is_chosen(setting: str, url: str, has_account: bool, expected: str, settings: Settings) -> None:
    settings.ENGAGEMENT_PUSH_PROVIDER = setting
    settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = url
    settings.ENGAGEMENT_FCM_CREDENTIALS = account() if has_account else None
    assert name_of(provider()) == expected


@pytest.mark.parametrize("setting", ["apns", "nowhere.Provider", f"{__name__}.Stone", f"{__name__}.Egg", 5])
def test_a_provider_that_is_none_is_an_error_at_start_and_told_once_at_run_time(
    setting: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ENGAGEMENT_PUSH_PROVIDER = setting
    (error,) = check_provider()
    assert error.id == "engagement.E030"
    assert error.hint
    assert [provider() for _ in range(3)] == [None, None, None]
    (record,) = caplog.records
    assert error.msg in record.getMessage()


def test_a_provider_of_others_that_says_nothing_is_told_of(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ENGAGEMENT_PUSH_PROVIDER = f"{__name__}.Ostrich"
    assert provider() is None
    assert "'ostrich' is not configured" in caplog.text


def test_the_threads_of_a_process_share_one_provider(settings: Settings) -> None:
    settings.ENGAGEMENT_PUSH_PROVIDER = f"{__name__}.Pigeon"
    assert provider() is provider()


def test_nothing_is_wrong_without_push(caplog: pytest.LogCaptureFixture) -> None:
    assert provider() is None
    assert check_provider() == []
    assert caplog.records == []


# Credentials

SECRET = "hush-hush"


@pytest.mark.parametrize(
    "given",
    [
        ACCOUNT,
        "{",
        "[]",
        "{}",
        '{"private_key": "' + SECRET,
        SECRET,
        f"{SECRET}\0",
        SECRET * 1_000,
        {"type": "service_account", "private_key": SECRET},
        {"type": "service_account", "private_key": {SECRET: SECRET}},
        account(private_key=SECRET),
        account(private_key=f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"),
        account(project_id=""),
        account(type="authorized_user"),
    ],
)
def test_bad_credentials_are_an_error_at_start_and_not_configured_at_run_time_and_nowhere_in_the_log(
    given: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ENGAGEMENT_FCM_CREDENTIALS = given
    (error,) = check_provider()
    assert error.id == "engagement.E031"
    assert error.msg.startswith("ENGAGEMENT_FCM_CREDENTIALS ")
    assert [provider() for _ in range(3)] == [None, None, None]
    (record,) = caplog.records
    assert error.msg in record.getMessage()
    assert SECRET not in error.msg
    assert SECRET not in caplog.text


def test_credentials_are_a_file_or_text_or_a_dict(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "account.json"
    place.write_text(json.dumps(account()))
    for given in (str(place), place, json.dumps(account()), account()):
        settings.ENGAGEMENT_FCM_CREDENTIALS = given
        assert name_of(provider()) == "fcm"
        assert check_provider() == []


def test_credentials_of_the_environment_are_used_if_the_settings_have_none(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "account.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(place))
    (error,) = check_provider()
    assert error.msg.startswith("GOOGLE_APPLICATION_CREDENTIALS names a file that cannot be read")
    place.write_text(json.dumps(account(private_key=private_key(new_key()))))
    assert name_of(provider()) == "fcm"


def test_googles_library_is_not_loaded_by_those_who_do_not_need_it() -> None:
    program = (
        "import sys, engagement.push; print([name for name in sys.modules if name.startswith('firebase')])"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
