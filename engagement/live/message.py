"""News as server-sent events (WHATWG HTML, section 9.2): `event: <name>`, and JSON as data."""

import json
from typing import Any

from engagement.live.look import News


def state_message(news: News) -> bytes:
    """Return the state; nothing if it was not read."""
    if news.state is None:
        return b""
    return event("state", {"badge": news.badge, "notifications": news.state})


def news_message(news: News) -> bytes:
    """Return what has changed, as one or two events; nothing if nothing has."""
    upsert = event("upsert", {"badge": news.badge, "notifications": news.upsert}) if news.upsert else b""
    remove = event("remove", {"badge": news.badge, "ids": news.remove}) if news.remove else b""
    return upsert + remove


def event(name: str, data: dict[str, Any]) -> bytes:
    """Return one event. JSON has no line breaks, so the data is one line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()
