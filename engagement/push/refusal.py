"""What it means that FCM did not take a message: for good or for now, and whose fault it is.

https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode. A device is given up only when FCM says that it is
not there: an error in what we send must not cost anybody their devices (fcm-django#223).
"""

import random
import re
from typing import Any

import requests
from firebase_admin import exceptions, messaging
from google.auth.exceptions import GoogleAuthError, RefreshError
from urllib3.exceptions import NewConnectionError

from engagement.channels.http import Answer, retry_after
from engagement.mail.line import line
from engagement.outgoing import DeliveryError

ANSWER_LENGTH, CODE_LENGTH = 1_000, 50
#: Nobody is asked to wait for longer.
LONGEST_WAIT = 3_600.0
#: After QUOTA_EXCEEDED without a Retry-After; some part of it more, so that not all begin again at once.
QUOTA_SECONDS, QUOTA_JITTER = 60.0, 0.25
#: Until an operator has put right what is wrong with our credentials.
PAUSE_SECONDS = 600.0
ERROR_DETAIL = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
VIOLATIONS_DETAIL = "type.googleapis.com/google.rpc.BadRequest"
#: What names the device in a message.
TARGETS = {"message.token", "message.fid"}
#: "The registration token is not a valid FCM registration token", "Invalid registration token".
BAD_TARGET = re.compile(
    r"(registration token|installation id|\bfid\b) is not (a )?valid|invalid (registration|installation id|fid\b)",
    re.IGNORECASE,
)
#: What sending may raise; the last four where an answer is not of the form that the SDK expects.
REFUSALS = (exceptions.FirebaseError, GoogleAuthError, AttributeError, KeyError, TypeError, ValueError)


def meaning(error: Exception) -> DeliveryError:
    """Return what an error of the SDK, or of getting an access token, means to the message."""
    match error:
        case exceptions.FirebaseError() if error.http_response is not None:
            return _of_answer(error)
        case exceptions.FirebaseError():
            return _of_silence(error)
        case GoogleAuthError():
            return _of_access(error)
    return DeliveryError(_text(f"No sense in the answer: {type(error).__name__}"), code="garbage")


def is_about_us(error: Exception) -> bool:
    """Tell whether it is we who are refused, so that other credentials might help."""
    match error:
        case messaging.ThirdPartyAuthError() | messaging.SenderIdMismatchError():
            return False
        case exceptions.UnauthenticatedError() | exceptions.PermissionDeniedError():
            return True
    return isinstance(error, RefreshError) and not error.retryable


def _of_answer(error: exceptions.FirebaseError) -> DeliveryError:
    code, wait = _code(error), _wait(error.http_response)
    text = _text(f"{error.http_response.status_code} {code}: {error}")
    match error:
        case messaging.UnregisteredError() | messaging.SenderIdMismatchError():
            return DeliveryError(text, code=code, permanent=True, retire=True)
        case exceptions.InvalidArgumentError() if _said(error):
            return DeliveryError(text, code=code, permanent=True, retire=_is_bad_target(error))
        case exceptions.ResourceExhaustedError():
            pause = QUOTA_SECONDS * random.uniform(1, 1 + QUOTA_JITTER) if wait is None else wait
            # It may be that device's quota only, which FCM does not tell: it rests for longer than the channel.
            return DeliveryError(text, code=code, pause=pause, slow=2 * pause)
        case messaging.ThirdPartyAuthError():
            # The key for Apple or for browsers is bad: devices of other kinds are reached.
            return DeliveryError(text, code=code, retry_after=PAUSE_SECONDS, slow=PAUSE_SECONDS)
        case exceptions.UnauthenticatedError() | exceptions.PermissionDeniedError():
            return DeliveryError(text, code=code, pause=PAUSE_SECONDS)
    return DeliveryError(text, code=code, retry_after=wait)


def _of_silence(error: exceptions.FirebaseError) -> DeliveryError:
    """Return what it means that there was no answer that can be read; FCM may have the message all the same."""
    is_unreachable = False
    match error.cause:
        case requests.ReadTimeout():
            code = "timeout"
        case requests.exceptions.InvalidJSONError():
            code = "garbage"
        case _:
            is_unreachable = _is_unreachable(error.cause)
            code = "unreachable" if is_unreachable else "broken"
    return DeliveryError(_text(str(error)), code=code, unreachable=is_unreachable)


def _is_unreachable(cause: Exception) -> bool:
    """Tell whether there was no connection: then nothing was sent."""
    if isinstance(
        cause, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError
    ):
        return True
    return isinstance(getattr(next(iter(cause.args), None), "reason", None), NewConnectionError)


def _of_access(error: GoogleAuthError) -> DeliveryError:
    """Return what it means that we got no access token: nothing was sent, nor would anything else be."""
    said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    text = _text(f"No access token: {next(iter(error.args), error)}")
    if isinstance(error, RefreshError) and not error.retryable:
        return DeliveryError(
            text, code=str(said.get("error", "no access"))[:CODE_LENGTH], pause=PAUSE_SECONDS
        )
    return DeliveryError(text, code="no access", unreachable=True)


def _wait(response: requests.Response) -> float | None:
    headers = {name.lower(): value for name, value in response.headers.items()}
    found = retry_after(Answer(response.status_code, headers, b""))
    return None if found is None else min(found, LONGEST_WAIT)


def _code(error: exceptions.FirebaseError) -> str:
    """Return FCM's own code for an error, or else that of Google's platform."""
    codes = [str(each.get("errorCode", "")) for each in _details(error, ERROR_DETAIL)]
    return next(filter(None, codes), str(error.code))[:CODE_LENGTH]


def _is_bad_target(error: exceptions.FirebaseError) -> bool:
    violations = [
        violation
        for each in _details(error, VIOLATIONS_DETAIL)
        for violation in _objects(each.get("fieldViolations"))
    ]
    if violations:
        return all(each.get("field") in TARGETS for each in violations)
    return BAD_TARGET.search(str(error)) is not None


def _details(error: exceptions.FirebaseError, kind: str) -> list[dict[str, Any]]:
    """Return the details of one type."""
    return [each for each in _objects(_said(error).get("details")) if each.get("@type") == kind]


def _said(error: exceptions.FirebaseError) -> dict[str, Any]:
    """Return what an answer says of the error; nothing if it is not one of Google's, but of some proxy's."""
    try:
        found = error.http_response.json()
    except ValueError:
        return {}
    said = found.get("error") if isinstance(found, dict) else None
    return said if isinstance(said, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(answer: str) -> str:
    return line(answer, ANSWER_LENGTH)
