"""Requests to real servers, by names that lead where a test wants them to."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from engagement.channels.http import Answer, HttpError, post

#: Enough for anything on this machine.
SECONDS = 10.0


def send(url: str, **options: Any) -> Answer:
    """Send a request to a place that an operator has configured, unless it is said otherwise."""
    defaults: dict[str, Any] = {"content": b"{}", "headers": {}, "seconds": SECONDS, "is_trusted": True}
    return post(url, **defaults | options)


def refused(url: str, **options: Any) -> HttpError:
    """Send what will not be answered, to a place that anybody may have entered, and return why."""
    with pytest.raises(HttpError) as found:
        send(url, **{"is_trusted": False} | options)
    return found.value


def leading_to(*addresses: str, port: int = 443) -> Callable[..., Any]:
    """Return a resolver that says the same of every name."""

    def resolve(host: str, asked: int, **options: Any) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    return resolve
