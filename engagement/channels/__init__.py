"""The channels of the installation: a file in this folder is a channel."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from engagement.channels.base import Channel

__all__ = ["Channel", "channel_choices", "channels"]


@cache
def channels() -> dict[str, Channel]:
    """Return every channel by name, the inbox first: it works when nothing else does."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.channel for module in modules if hasattr(module, "channel")]
    found.sort(key=lambda channel: (not channel.is_inbox, channel.name))
    return {channel.name: channel for channel in found}


def channel_choices() -> list[tuple[str, Any]]:
    """Return (name, label) pairs, for model fields and forms; a new channel needs no migration."""
    return [(channel.name, channel.label) for channel in channels().values()]
