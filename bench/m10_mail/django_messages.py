"""A program, the baseline: Django's send_messages of the same mails, prepared, by one connection.

Its argument is how many. It prints the seconds as JSON, from an open connection on; the mails are made into bytes as
they are sent, as always.
"""

import json
import sys
import time

import django

django.setup()

from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402

from bench.m10_mail import WARMING  # noqa: E402
from engagement.mail import compose  # noqa: E402
from engagement.message import message_of  # noqa: E402
from engagement.models import Delivery  # noqa: E402
from engagement.recheck import Recheck  # noqa: E402


def prepared() -> list[EmailMultiAlternatives]:
    """Return all mails that there are, in order."""
    deliveries = list(Delivery.objects.select_related("person").order_by("id"))
    recheck = Recheck(deliveries)
    return [compose(message_of(each, recheck.verdict(each))) for each in deliveries]


def main(count: int) -> None:
    """Send as many as come before the measurement, and then those of the measurement."""
    mails = prepared()
    assert len(mails) == WARMING + count
    with get_connection() as connection:
        connection.send_messages(mails[:WARMING])
        started = time.perf_counter()
        sent = connection.send_messages(mails[WARMING:])
        seconds = time.perf_counter() - started
    assert sent == count
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
