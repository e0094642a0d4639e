"""Webhooks: notifications for programs, at addresses that people enter.

Whoever gets them knows by a signature that they are ours (Standard Webhooks), and by what they answer decides what
follows: docs/webhooks.md.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Connection, DeliveryError, Outgoing, Sent, Stored
from engagement.channels.http import Answer, HttpError, check_url, post, retry_after
from engagement.conf import conf
from engagement.webhook import CONTENT_TYPE, body_of, new_secret, signed

#: For a request, from the resolver to the end of the answer.
SECONDS = 15.0
#: There is nobody at the address any more, and that is for good.
GONE = 410
#: The far end, or who is in front of it, has too much to do.
OVERLOADED = {429, 502, 504}
#: Says how long it will be away, or nothing.
UNAVAILABLE = 503
#: For so long an overloaded endpoint is left alone, unless it says for how long itself.
OVERLOADED_SECONDS = 60.0
#: For so long one is left alone at which nobody answers, so that it does not take the time of the others.
UNREACHABLE_SECONDS = 30.0
#: Being asked to wait is no failure, so who asks for less would be asked again and again without an end.
SHORTEST_WAIT_SECONDS = 10.0


class WebhookConnection(Connection):
    """Each message goes to somebody else, so there is nothing to keep."""

    def send(self, message: Outgoing) -> Sent:
        """Send a message, signed at this moment, and return what its receiver said."""
        answer = _post(message)
        if not answer.is_success:
            raise _refusal(answer)
        return Sent(answer.words)


class WebhookChannel(Stored):
    """To the addresses that a person has entered."""

    name = "webhook"
    label = _("Webhook")
    is_heard = False
    is_signed = True
    threads = 4
    gives_up = True
    #: Standard Webhooks recommends it: three days, most of them with long pauses.
    retries = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
    endpoint_label = _("Address")
    placeholder = "https://example.com/notifications"
    hint = _(
        "A program of yours gets each notification there, signed with a secret that only you and we know."
    )

    def configured(self) -> bool:
        """Tell whether links can be made, and webhooks are wanted."""
        return bool(conf.base_url) and conf.webhooks

    def lacks(self) -> str:
        """Name the setting."""
        if not conf.webhooks:
            return "ENGAGEMENT_WEBHOOKS is off (in this project: WEBHOOKS)."
        return "" if conf.base_url else "Set ENGAGEMENT_BASE_URL (in this project: SITE_URL)."

    def preview(self, message: Outgoing) -> str:
        """Return the body, with room between its parts."""
        return json.dumps(json.loads(body_of(message)), indent=2, ensure_ascii=False)

    def clean(self, value: str, kind: str = "") -> str:
        """Return an address in ASCII; raise ValidationError if it is none, or none that we would send anything to."""
        try:
            return check_url(value.strip())
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def new_secret(self) -> str:
        """Return what only the receiver and we know."""
        return new_secret()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Return what sends the messages of a turn."""
        yield WebhookConnection()


def _post(message: Outgoing) -> Answer:
    if not message.secrets:
        raise DeliveryError("The endpoint has no secret to sign with.", code="no secret")
    body = body_of(message)
    headers = signed(message.message_id, body, message.secrets, datetime.now(UTC))
    try:
        return post(
            message.endpoint,
            content=body,
            headers={"Content-Type": CONTENT_TYPE} | headers,
            seconds=SECONDS,
        )
    except HttpError as error:
        error.slow = None if error.permanent else UNREACHABLE_SECONDS
        raise


def _refusal(answer: Answer) -> DeliveryError:
    """Return what it means that a message was not taken. What says something else than 2xx may be mended."""
    said, code = answer.summary, str(answer.status)
    if answer.status == GONE:
        return DeliveryError(said, code=code, permanent=True, retire=True)
    wait = _wait(answer)
    if answer.status in OVERLOADED:
        return DeliveryError(said, code=code, retry_after=wait, slow=wait or OVERLOADED_SECONDS)
    if answer.status == UNAVAILABLE:
        return DeliveryError(said, code=code, retry_after=wait, slow=wait)
    return DeliveryError(said, code=code)


def _wait(answer: Answer) -> float | None:
    asked = retry_after(answer)
    return None if asked is None else max(asked, SHORTEST_WAIT_SECONDS)


channel = WebhookChannel()
