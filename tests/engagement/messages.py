"""Messages for the tests of mails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from engagement.channels.base import DigestContent, DigestItem, Outgoing
from engagement.mail import message_id

BASE_URL = "https://carillon.example"
NOW = datetime(2026, 11, 20, 19, 45, tzinfo=UTC)

CREATED = Outgoing(
    message_id="<0123456789abcdef0123456789abcdef@carillon.example>",
    endpoint="alice@kiteworks.example",
    person="Alice Arden",
    language="en",
    time_zone="Europe/Berlin",
    event_type="product_management.product.created",
    category="product",
    title="Kite was created",
    message="Bob Byrne created Kite.\nIt is <b>not</b> on sale & has no price yet.",
    url=f"{BASE_URL}/products/1/",
    reason="you manage this product or its organisation",
    reason_for_machines="you manage this product or its organisation",
    thread="product_management.product:1",
    why_url=f"{BASE_URL}/notifications/why/1/",
    preferences_url=f"{BASE_URL}/notifications/preferences/#product",
    unsubscribe_url=f"{BASE_URL}/notifications/unsubscribe/MQpwcm9kdWN0.abcdefghijklmnopqrstuv/",
)

ITEMS = [
    DigestItem("Kite was created", "Bob created it.", f"{BASE_URL}/products/1/", "product", NOW),
    DigestItem("New login", "From a new device.\nWas it you?", "", "security", NOW - timedelta(minutes=5)),
    DigestItem("Kite was renamed", "", f"{BASE_URL}/products/1/", "product", NOW - timedelta(hours=1)),
    DigestItem("Glider was sold", "", f"{BASE_URL}/products/2/", "product", NOW - timedelta(hours=2), True),
]


def outgoing(**fields: Any) -> Outgoing:
    """Return a notification with an id of its own."""
    return replace(CREATED, **{"message_id": message_id(uuid4().hex)} | fields)


def digest(items: list[DigestItem] | None = None, **fields: Any) -> Outgoing:
    """Return a digest; `total` and `limit` are of its content, anything else of the message."""
    those = ITEMS if items is None else items
    content = DigestContent(
        those,
        fields.pop("total", len(those)),
        f"{BASE_URL}/notifications/",
        fields.pop("limit", None),
    )
    empty = dict.fromkeys(["title", "message", "url", "event_type", "category"], "")
    return outgoing(**empty | {"digest": content} | fields)
