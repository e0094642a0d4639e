"""A message as FCM takes it: for Android, for Apple's devices and for browsers.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

from datetime import datetime

from django.utils import timezone
from firebase_admin import messaging

from engagement.decide import Importance
from engagement.outgoing import Outgoing
from engagement.push.payload import Payload, payload_of, thread_of, within

#: FCM keeps nothing for longer than four weeks.
LONGEST_SECONDS = 2_419_200
#: Of apns-priority: at once, and when it suits the battery.
AT_ONCE, SOON = "10", "5"
#: What the SDK puts around a message.
AROUND = len('{"message": }')


def message_for(outgoing: Outgoing) -> messaging.Message:
    """Return the message; the JSON that is sent of it is within the limit."""
    now = timezone.now()

    def size(payload: Payload) -> int:
        return AROUND + len(str(_message(outgoing, payload, now)))

    return _message(outgoing, within(payload_of(outgoing), size), now)


def _message(outgoing: Outgoing, payload: Payload, now: datetime) -> messaging.Message:
    found = messaging.Message(
        data=payload.data,
        notification=messaging.Notification(payload.title, payload.body),
        android=_android(outgoing, now),
        apns=_apns(outgoing),
        webpush=_webpush(outgoing, payload, now),
    )
    # Not as arguments: the SDK warns of tokens, which apps have until they are registered by installation id.
    if outgoing.kind == "fid":
        found.fid = outgoing.endpoint
    else:
        found.token = outgoing.endpoint
    return found


def _android(outgoing: Outgoing, now: datetime) -> messaging.AndroidConfig:
    return messaging.AndroidConfig(
        priority="high" if _is_urgent(outgoing) else "normal",
        ttl=_seconds(outgoing, now),
        notification=messaging.AndroidNotification(tag=thread_of(outgoing) or None),
    )


def _apns(outgoing: Outgoing) -> messaging.APNSConfig:
    headers = {"apns-priority": AT_ONCE if _is_urgent(outgoing) else SOON}
    if outgoing.not_after:
        headers["apns-expiration"] = str(int(outgoing.not_after.timestamp()))
    aps = messaging.Aps(thread_id=thread_of(outgoing) or None)
    return messaging.APNSConfig(headers, messaging.APNSPayload(aps))


def _webpush(outgoing: Outgoing, payload: Payload, now: datetime) -> messaging.WebpushConfig:
    headers = {"Urgency": "high" if _is_urgent(outgoing) else "normal"}
    seconds, link = _seconds(outgoing, now), payload.data.get("url", "")
    if seconds is not None:
        headers["TTL"] = str(seconds)
    options = messaging.WebpushFCMOptions(link) if link.startswith("https://") else None
    return messaging.WebpushConfig(headers, fcm_options=options)


def _is_urgent(outgoing: Outgoing) -> bool:
    return outgoing.importance == Importance.HIGH


def _seconds(outgoing: Outgoing, now: datetime) -> int | None:
    """Return for how long it is of use; None for as long as FCM keeps it."""
    if outgoing.not_after is None:
        return None
    return min(max(int((outgoing.not_after - now).total_seconds()), 0), LONGEST_SECONDS)
