"""The far end of a channel, and the people who are reached there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.http_server import http_server
from bench.smtp_server import smtp_server
from engagement.webhook.signature import new_secret
from events.sql import execute

REGISTER = """
    INSERT INTO engagement_endpoint (person_id, channel, kind, value, secret, verified_at)
    SELECT id, %s, %s, %s || (%s + id), %s, statement_timestamp() FROM people_person WHERE id BETWEEN %s AND %s"""


@dataclass(frozen=True, slots=True)
class FarEnd:
    """A server, and what makes processes of ours send there."""

    channel: str
    #: The port at which it tells when a message has come.
    arrivals: int
    environment: dict[str, str] = field(default_factory=dict)
    #: What an endpoint begins with, its kind, and what is added to the number of its person.
    prefix: str = ""
    kind: str = ""
    offset: int = 0

    def reach(self, first: int, last: int) -> None:
        """Have these people be reached there: by an endpoint each, unless it is by the address of their account."""
        if self.prefix:
            endpoint = [self.channel, self.kind, self.prefix, self.offset, new_secret()]
            execute(REGISTER, [*endpoint, first, last])
            execute("ANALYZE engagement_endpoint")


@contextmanager
def far_end(channel: str, delay: float = 0.0) -> Iterator[FarEnd]:
    """Give the far end of a channel, which thinks for `delay` seconds about each message."""
    if channel == "email":
        with smtp_server(delay) as mails:
            yield FarEnd(channel, mails.arrivals, mails.environment)
        return
    with http_server(delay) as server:
        match channel:
            case "push":
                there = {"BENCH_PUSH_URL": server.url}
                yield FarEnd(channel, server.arrivals, there, "device-", kind="token")
            case "sms":
                there = {"BENCH_SMS_URL": server.url}
                yield FarEnd(channel, server.arrivals, there, "+977", offset=9_800_000_000)
            case "webhook":
                yield FarEnd(channel, server.arrivals, prefix=f"{server.url}/people/")
