"""The console: what stands in the log, and what only a developer sees."""

import logging

import pytest
from pytest_django import Settings

from engagement.sms.console import Console
from tests.engagement.messages import outgoing

NUMBER = "+9779812345678"
LOGGER = "engagement.sms.console"


@pytest.fixture(autouse=True)
def listen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)


def send(event_type: str, text: str = "Your code is 123456.\nKeep it.") -> None:
    """Send a text about an event of this type."""
    sent = Console().send(NUMBER, text, outgoing(event_type=event_type, endpoint=NUMBER))
    assert sent.answer == "Logged, and sent to nobody."


def test_each_message_is_one_line_of_the_log_with_the_number_masked(caplog: pytest.LogCaptureFixture) -> None:
    send("test.told", "Kite was created\nBob did.")
    (record,) = caplog.records
    assert (record.name, record.levelname) == (LOGGER, "INFO")
    assert record.getMessage() == "SMS to +977 98…: Kite was created Bob did."


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("event_type", ["test.whispered", "", "not.known"], ids=["secret", "none", "unknown"])
def test_what_may_be_a_secret_is_never_logged(
    event_type: str, debug: bool, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEBUG = debug
    send(event_type)
    assert caplog.messages == ["SMS to +977 98…: ***"]


def test_a_developer_sees_the_code_on_the_screen(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    send("test.whispered")
    assert capsys.readouterr().out == "SMS to +977 981-2345678:\nYour code is 123456.\nKeep it.\n"


def test_nobody_else_does(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEBUG = False
    send("test.whispered")
    assert capsys.readouterr().out == ""


def test_what_the_log_has_is_not_printed_as_well(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    send("test.told")
    assert capsys.readouterr().out == ""
