"""The one way by which we speak HTTP to others: bounded in time and memory, and only to whom it may be. No channel."""

from engagement.channels.http.answer import Answer, retry_after
from engagement.channels.http.client import post
from engagement.channels.http.errors import HttpError, NoConnection, RefusedAddress, TimedOut
from engagement.channels.http.network import is_allow_list
from engagement.channels.http.place import check_url

__all__ = [
    "Answer",
    "HttpError",
    "NoConnection",
    "RefusedAddress",
    "TimedOut",
    "check_url",
    "is_allow_list",
    "post",
    "retry_after",
]
