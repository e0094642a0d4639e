"""Messages for devices, and what follows when they are refused."""

from typing import Any

import pytest

from engagement.outgoing import DeliveryError, Outgoing
from engagement.push import PushProvider
from tests.engagement import messages

TOKEN = "dGVzdA:APA91b" + "x" * 140
FID = "cT9fYw3kQ2aB1cD4eF5gH6"
#: What may follow from an error, besides another attempt.
CONSEQUENCES = ("permanent", "suppress", "retire", "retry_after", "slow", "pause", "unreachable")


def outgoing(**fields: Any) -> Outgoing:
    """Return a message for a device."""
    return messages.outgoing(**{"message_id": "msg_0f1e", "endpoint": TOKEN, "kind": "token"} | fields)


def refused(provider: PushProvider, message: Outgoing | None = None) -> DeliveryError:
    """Send a message that will be refused, and return with what."""
    with pytest.raises(DeliveryError) as found:
        provider.send(message or outgoing())
    return found.value


def consequences(error: DeliveryError) -> dict[str, Any]:
    """Return what follows from an error; nothing if it is for now."""
    found = {name: getattr(error, name) for name in CONSEQUENCES}
    return {name: value for name, value in found.items() if value not in (False, None)}
