"""What is done."""

from bench.app.events import ProductAdded
from events.bus import handler


@handler(ProductAdded, name="bench.note")
def note(event: ProductAdded) -> None:
    """Do nothing: M1 measures the publisher."""
