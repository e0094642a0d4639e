"""Push: the providers behind the one channel, what a device is sent, and what their answers mean."""

from engagement.push.choose import chosen, provider
from engagement.push.provider import PushProvider

__all__ = ["PushProvider", "chosen", "provider"]
