"""A gateway of the operator's own that knows how to reach devices: one HTTP request for each."""

import json
import socket
from contextlib import suppress

from engagement.channels.http import Answer, NoConnection, post, retry_after
from engagement.channels.http.place import place_of
from engagement.conf import conf
from engagement.decide import Importance
from engagement.outgoing import DeliveryError, Outgoing, Sent
from engagement.push.payload import Payload, payload_of, thread_of, within
from engagement.push.provider import PushProvider

SECONDS = 30.0
#: After 429 without a Retry-After.
PAUSE_SECONDS = 60.0
#: The gateway does not know who we are, or does not let us in.
NOT_LOGGED_IN = {401, 403, 407}
LOGIN_SECONDS = 600.0
ID_LENGTH = 255


class Gateway(PushProvider):
    """POSTs JSON to NOTIFICATION_SERVICE_URL/notifications; docs/push.md says what is in it."""

    name = "gateway"
    retries = (2.0, 4.0)

    def configured(self) -> bool:
        """Tell whether it has an address."""
        return not self.problem()

    def problem(self) -> str:
        """Return what is wrong with the address."""
        name, url = "ENGAGEMENT_NOTIFICATION_SERVICE_URL", str(conf.notification_service_url or "")
        if not url:
            return f"{name} is empty."
        if "?" in url or "#" in url:
            return f"{name} must have neither a query nor a fragment: /notifications is put at its end."
        try:
            place_of(url)
        except ValueError as error:
            return f"{name} is no address: {error}"
        return ""

    def send(self, message: Outgoing) -> Sent:
        """Send to one device."""
        url = f"{conf.notification_service_url.rstrip('/')}/notifications"
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.message_id}
        try:
            answer = post(url, content=content_of(message), headers=headers, seconds=SECONDS, is_trusted=True)
        except NoConnection as error:
            error.unreachable = isinstance(error.__cause__, ConnectionRefusedError | socket.gaierror)
            raise
        if answer.is_success:
            return Sent(_text(answer, message), _id_in(answer))
        raise _refusal(answer, message)


def content_of(message: Outgoing) -> bytes:
    """Return the body of the request, which is within the limit."""
    return _encoded(message, within(payload_of(message), lambda payload: len(_encoded(message, payload))))


def _encoded(message: Outgoing, payload: Payload) -> bytes:
    values = {
        "device_id": message.endpoint,
        "kind": message.kind,
        "title": payload.title,
        "message": payload.body,
        "data": payload.data,
        "event_type": message.event_type,
        "message_id": message.message_id,
        "priority": "high" if message.importance == Importance.HIGH else "normal",
        "thread": thread_of(message),
        "not_after": message.not_after.isoformat() if message.not_after else None,
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _refusal(answer: Answer, message: Outgoing) -> DeliveryError:
    text, code, wait = _text(answer, message), str(answer.status), retry_after(answer)
    if answer.status == 429:
        return DeliveryError(text, code=code, pause=PAUSE_SECONDS if wait is None else wait)
    if answer.status in NOT_LOGGED_IN:
        # An operator can mend that, so nothing is lost by it.
        return DeliveryError(text, code=code, pause=LOGIN_SECONDS)
    if 400 <= answer.status < 500:
        return DeliveryError(text, code=code, permanent=True, retire=answer.status == 410)
    return DeliveryError(text, code=code, retry_after=wait)


def _text(answer: Answer, message: Outgoing) -> str:
    """Return the answer; the device's id is not in it, with which anybody could write to it."""
    return answer.summary.replace(message.endpoint, "***")


def _id_in(answer: Answer) -> str:
    """Return what the gateway calls the message, if it says so: {"id": "..."}."""
    with suppress(ValueError):
        found = json.loads(answer.body)
        if isinstance(found, dict) and isinstance(found.get("id"), str | int):
            return str(found["id"])[:ID_LENGTH]
    return ""
