"""A provider of one's own, as the manual has it, word for word."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from engagement.channels.sms import channel
from engagement.outgoing import DeliveryError, Sent
from tests.engagement.messages import outgoing
from tests.http import HttpServer

MANUAL = Path(__file__).parents[3] / "docs" / "sms.md"
NUMBER = "+9779812345678"


@pytest.fixture
def company(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    """The company of the manual's example, which is put where it says."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    place, provider = re.findall(r'^# (\S+); ENGAGEMENT_SMS_PROVIDER = "(\S+)"$', code, re.MULTILINE)[0]
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.ENGAGEMENT_SMS_PROVIDER = provider
    with HttpServer() as found:
        settings.PIGEON_URL, settings.PIGEON_TOKEN = found.url, "s3cr3t"
        yield found
    for name in ("shop", "shop.texting"):
        sys.modules.pop(name, None)


def send() -> Sent:
    with channel.connect() as connection:
        return connection.send(
            outgoing(endpoint=NUMBER, title="Kite", message="", url="", message_id="msg_1")
        )


def test_it_sends(company: HttpServer) -> None:
    company.answer(202)
    assert send() == Sent("Queued.", segments=1)
    assert company.requests[0].json == {"to": NUMBER, "text": "Kite", "key": "msg_1"}
    assert company.requests[0].headers["authorization"] == "Bearer s3cr3t"


@pytest.mark.parametrize(("status", "pause"), [(401, 600), (500, None)])
def test_it_tells_what_went_wrong(company: HttpServer, status: int, pause: float | None) -> None:
    company.answer(status)
    with pytest.raises(DeliveryError) as refused:
        send()
    assert (refused.value.pause, refused.value.permanent) == (pause, False)


def test_it_is_not_configured_without_what_it_needs(company: HttpServer, settings: Settings) -> None:
    assert channel.configured()
    settings.PIGEON_TOKEN = ""
    assert not channel.configured()
