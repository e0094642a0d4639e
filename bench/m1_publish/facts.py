"""What every contender of M1 writes: the same events, with one handler run each."""

from collections.abc import Iterator
from typing import Any

ABOUT = "product_management.product:1"
ACTOR = 1
HANDLER = "bench.note"


def facts(count: int) -> Iterator[dict[str, Any]]:
    """Return the data of so many events."""
    for number in range(count):
        yield {
            "product_id": number,
            "name": f"Kite {number}",
            "url": f"/products/{number}/",
            "person_id": ACTOR,
            "person_name": "Alice Arden",
        }
