"""The channels that speak HTTP, each with a far end on this machine: what the contract is held against."""

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from pytest_django import Settings

from engagement.channels import Outbound, channels
from engagement.outgoing import Outgoing
from engagement.webhook import new_secret
from tests.engagement.messages import BASE_URL, outgoing
from tests.newcomer import ROOT
from tests.services import free_port

BLOCK = re.compile(r"^```python\n# capabilities/people/channels.py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Subject(ABC):
    """A channel, and how it is set up to talk to a server."""

    #: What the server says to what it takes.
    body: Any = b"ok"

    @property
    @abstractmethod
    def channel(self) -> Outbound:
        """The channel."""

    @abstractmethod
    def set_up(self, settings: Settings, url: str) -> None:
        """Let the far end be at an address."""

    @abstractmethod
    def endpoint(self, url: str) -> str:
        """Return where a person is reached, if the far end is at an address."""

    def message(self, url: str, **fields: Any) -> Outgoing:
        """Return a message."""
        return outgoing(**{"endpoint": self.endpoint(url), "message_id": "msg_1"} | fields)


class AtTheirAddress(Subject):
    """A channel whose endpoints are addresses of the web."""

    def set_up(self, settings: Settings, url: str) -> None:
        """Let that be permitted."""
        settings.ENGAGEMENT_BASE_URL = BASE_URL
        settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["127.0.0.0/8"]

    def endpoint(self, url: str) -> str:
        """Return an address there."""
        return f"{url}/hook"


class OfWebhooks(AtTheirAddress):
    """Webhooks."""

    @property
    def channel(self) -> Outbound:
        """The channel."""
        found = channels()["webhook"]
        assert isinstance(found, Outbound)
        return found

    def message(self, url: str, **fields: Any) -> Outgoing:
        """Return a message with a secret to sign it with."""
        return super().message(url, **{"secrets": [new_secret()]} | fields)


class AsDocumented(AtTheirAddress):
    """The channel of docs/channels.md, as it stands there."""

    def __init__(self, folder: Path) -> None:
        (text,) = BLOCK.findall((ROOT / "docs/channels.md").read_text())
        place = folder / "documented_channel.py"
        place.write_text(text)
        spec = spec_from_file_location("documented_channel", place)
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        sys.modules["documented_channel"] = module
        spec.loader.exec_module(module)
        self._channel: Outbound = module.channel

    @property
    def channel(self) -> Outbound:
        """The channel."""
        return self._channel


class OfGateway(Subject):
    """Push by a gateway."""

    @property
    def channel(self) -> Outbound:
        """The channel."""
        found = channels()["push"]
        assert isinstance(found, Outbound)
        return found

    def set_up(self, settings: Settings, url: str) -> None:
        """Let the gateway be there."""
        settings.ENGAGEMENT_PUSH_PROVIDER = "gateway"
        settings.ENGAGEMENT_NOTIFICATION_SERVICE_URL = url

    def endpoint(self, url: str) -> str:
        """Return a device."""
        return "device-1"


class OfSparrow(Subject):
    """Text messages by Sparrow."""

    body = {"count": 1, "response_code": 200, "response": "1 mesages has been queued for delivery"}

    @property
    def channel(self) -> Outbound:
        """The channel."""
        found = channels()["sms"]
        assert isinstance(found, Outbound)
        return found

    def set_up(self, settings: Settings, url: str) -> None:
        """Let Sparrow be there."""
        settings.ENGAGEMENT_SMS_PROVIDER = "sparrow"
        settings.ENGAGEMENT_SPARROW_TOKEN, settings.ENGAGEMENT_SPARROW_FROM = "s3cr3t", "Demo"
        settings.ENGAGEMENT_SPARROW_URL = f"{url}/v2/sms/"

    def endpoint(self, url: str) -> str:
        """Return a number."""
        return "+9779812345678"


SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "webhook": lambda folder: OfWebhooks(),
    "documented": AsDocumented,
    "gateway": lambda folder: OfGateway(),
    "sparrow": lambda folder: OfSparrow(),
}


def nowhere() -> str:
    """Return an address at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"
