"""What the tests of push share."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from engagement.push import choose
from engagement.push.google import lines
from tests.fcm import FcmServer


@pytest.fixture(autouse=True)
def _nobody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have no provider but what the test says, whatever the developer has set; and tell of each trouble again."""
    settings.ENGAGEMENT_PUSH_PROVIDER = settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = ""
    settings.ENGAGEMENT_FCM_CREDENTIALS = None
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    choose._tell_once.cache_clear()
    yield
    lines.close()


@pytest.fixture
def fcm(settings: Settings) -> Iterator[FcmServer]:
    """Have push notifications sent to a Google of our own."""
    with FcmServer() as found:
        settings.ENGAGEMENT_FCM_CREDENTIALS = found.account()
        yield found
        lines.close()
