"""The channels of the installation: a file in this folder is a channel."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from engagement.channels.base import Channel, Outbound, Stored
from engagement.endpoint import masked_address
from events.bus import RetryLater

__all__ = [
    "Channel",
    "Outbound",
    "Stored",
    "channel_choices",
    "channel_of",
    "channels",
    "outbound",
    "shown_endpoint",
]

#: Seconds after which to look whether it is there.
NEWER_DEPLOYMENT = 60


@cache
def channels() -> dict[str, Channel]:
    """Return every channel by name, the inbox first: it works when nothing else does."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.channel for module in modules if hasattr(module, "channel")]
    found.sort(key=lambda channel: (not channel.is_inbox, channel.name))
    return {channel.name: channel for channel in found}


def outbound() -> list[Outbound]:
    """Return those that leave the house."""
    return [channel for channel in channels().values() if isinstance(channel, Outbound)]


def channel_of(name: str) -> Outbound:
    """Return the channel of a message; one that is not known yet may come with a newer deployment."""
    found = channels().get(name)
    if not isinstance(found, Outbound):
        raise RetryLater(NEWER_DEPLOYMENT, f"The channel {name!r} is not known to this process")
    return found


def shown_endpoint(name: str, value: str) -> str:
    """Return an endpoint as operators see it; hardly anything of one whose channel is not known: it may be secret."""
    channel = channels().get(name)
    if isinstance(channel, Stored):
        return channel.shown(value)
    return value if isinstance(channel, Outbound) or not value else masked_address(value)


def channel_choices() -> list[tuple[str, Any]]:
    """Return (name, label) pairs, for model fields and forms; a new channel needs no migration."""
    return [(channel.name, channel.label) for channel in channels().values()]
