"""What is published."""

from events.bus import Payload, event_type


@event_type("bench.product_added", "Product added", category="product")
class ProductAdded(Payload):
    """M1: an event of usual size, with one handler."""

    product_id: int
    name: str
    url: str
    person_id: int
    person_name: str


@event_type("bench.announced", "Announced", category="community")
class Announced(Payload):
    """M2: for the first so many people."""

    people: int
    name: str = "The new season"
    url: str = "/seasons/1/"


@event_type("bench.addressed", "Addressed", category="community")
class Addressed(Payload):
    """M3, M10: for the first so many people, each by their name."""

    people: int
    name: str = "The new season"
    url: str = "/seasons/1/"


@event_type("bench.rung", "Rung", category="community")
class Rung(Payload):
    """M5, M7: for one person."""

    person_id: int
    name: str = "The door"
    url: str = "/door/"


@event_type("bench.sent", "Sent", category="community")
class Sent(Payload):
    """M7: for the people with these primary keys, by one channel and no other."""

    channel: str
    first: int
    last: int
    name: str = "The parcel"
    url: str = "/parcels/1/"
