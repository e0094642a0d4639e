"""What happens in the shop."""

from events.bus import Payload, event_type


@event_type("kite.sold", "Kite sold", category="shop")
class KiteSold(Payload):
    """A kite was sold."""

    buyer: str
