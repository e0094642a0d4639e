"""The channels of the installation: a file in this folder is a channel, and a `channels.py` in an installed app."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from engagement.channels.base import Channel, Outbound, Stored
from engagement.endpoint import masked_address
from events.bus import AlreadyRegistered, RetryLater

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
    """Return every channel by name, the inbox first: it works when nothing else does.

    Raises AlreadyRegistered if two have the same name.
    """
    found = [(module.__name__, module.channel) for module in _modules() if hasattr(module, "channel")]
    found.sort(key=lambda named: (not named[1].is_inbox, named[1].name))
    places: dict[str, str] = {}
    for place, channel in found:
        if places.setdefault(channel.name, place) != place:
            raise AlreadyRegistered("channel", channel.name, places[channel.name], place)
    return {channel.name: channel for _place, channel in found}


def _modules() -> Iterator[ModuleType]:
    """Yield the modules of this folder, and those of the apps."""
    for found in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{found.name}")
    for app in apps.get_app_configs():
        if app.name != "engagement" and module_has_submodule(app.module, "channels"):
            yield importlib.import_module(f"{app.name}.channels")


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
