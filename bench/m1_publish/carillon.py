"""Carillon: publish() in a transaction, publish_many() in a transaction."""

import time
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from bench.app.events import ProductAdded
from bench.m1_publish.facts import ABOUT, ACTOR
from events.bus import Draft, event_bus


def one(fact: dict[str, Any]) -> float:
    """Publish one event; return how long that took without the COMMIT, in seconds."""
    with transaction.atomic():
        started = time.perf_counter()
        event_bus.publish(ProductAdded(**fact), actor=ACTOR, about=ABOUT)
        return time.perf_counter() - started


def many(facts: Sequence[dict[str, Any]]) -> None:
    """Publish all of them."""
    with transaction.atomic():
        event_bus.publish_many(Draft(ProductAdded(**fact), actor=ACTOR, about=ABOUT) for fact in facts)
