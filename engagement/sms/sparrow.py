"""Sparrow SMS, of Nepal: https://docs.sparrowsms.com/sms/outgoing_sendsms/.

A form is posted; 200 is success, and anything else comes with a `response_code`. Whatever an operator can mend (the
token, the address that we come from, credits, the URL) stops the channel for a while, and no message is lost by it.
What is not known is tried again: nobody is suppressed, and nothing is given up, on a guess.
"""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from engagement.channels.http import Answer, HttpError, RefusedAddress, post, retry_after
from engagement.channels.http.answer import shown
from engagement.conf import conf
from engagement.outgoing import DeliveryError, Outgoing, Sent
from engagement.sms.number import national, reaches, without_number
from engagement.sms.provider import SmsProvider

#: Well within the 36 s that an attempt may take.
SECONDS = 20.0
#: Until an operator may have mended it, and until as many messages as Sparrow takes may be sent again.
MEND, TOO_MANY = 600.0, 60.0
SHORTEST_SECRET = 4
NEPAL = 977

#: Of what is for operators to mend: a field is missing, the IP address, the token, the account (inactive, expired),
#: the sender, the credits.
OURS = {1000, 1001, 1002, 1003, 1004, 1005, 1006, 1008, 1012, 1013}
#: Of the number: invalid, or none of several is valid.
NO_RECEIVER = {1007, 1011}
#: Of the text: it is empty.
NO_TEXT = 1010
#: Not what this address speaks, or not to us: a wrong URL, a redirect, a wall in front of it.
ELSEWHERE = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.GONE,
}
#: Sparrow has no code for who wants no more of it (STOP), so it is read from the words. They have to be about the
#: receiver: an IP address may be blacklisted as well.
UNWANTED = re.compile(
    r"\b(receiver|recipient|subscriber|number)\b.{0,40}\b(black-?listed|opted out|unsubscribed|DND|STOP)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What Sparrow answered, as far as it can be understood."""

    status: int
    #: As it may be stored: without the number and the token.
    text: str
    #: The `response_code`; None if there is none.
    code: int | None
    #: How many messages were queued; None if it does not say.
    count: int | None


class Sparrow(SmsProvider):
    """To Nepal only: ten digits mean a number there, whatever else they might be."""

    name = "sparrow"
    needs = ("ENGAGEMENT_SPARROW_TOKEN", "ENGAGEMENT_SPARROW_FROM")
    country_codes = frozenset({NEPAL})

    def send(self, number: str, text: str, message: Outgoing) -> Sent:
        """Send a text."""
        if not reaches(number, self.country_codes):
            raise DeliveryError("Sparrow reaches numbers of Nepal only.", code="country", permanent=True)
        answer = _posted({"to": national(number), "text": text})
        said = _said(answer, number)
        refusal = _by_code(said) or _by_status(said, retry_after(answer))
        if refusal:
            raise refusal
        return Sent(said.text)


def _posted(fields: dict[str, str]) -> Answer:
    """Send a form; there is one place to send it to, so whoever has no answer from there stops for the moment."""
    form = {"token": conf.sparrow_token, "from": conf.sparrow_from, **fields}
    try:
        return post(
            conf.sparrow_url,
            content=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            seconds=SECONDS,
            is_trusted=True,
        )
    except RefusedAddress as error:
        raise DeliveryError(error.answer, code=error.code, pause=MEND) from error
    except HttpError as error:
        error.unreachable = True
        raise


def _said(answer: Answer, number: str) -> Said:
    body = answer.body.decode(errors="replace")
    fields = _fields(body)
    return Said(
        answer.status,
        printable(f"{answer.words}: {body}", number),
        _whole(fields.get("response_code")),
        _whole(fields.get("count")),
    )


def _fields(body: str) -> dict[str, Any]:
    """Return what the JSON says; nothing if it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _whole(value: Any) -> int | None:
    return int(value) if re.fullmatch(r"\d{1,9}", str(value), re.ASCII) else None


def printable(text: str, number: str) -> str:
    """Return an answer that can be shown to operators: one short line, without the number and the token."""
    for secret in (conf.sparrow_token, quote(conf.sparrow_token, safe="")):
        text = text.replace(secret, "***") if len(secret) >= SHORTEST_SECRET else text
    return shown(without_number(text, number))


def _by_code(said: Said) -> DeliveryError | None:
    """Return what the code means, if it is one of a refusal: it says more than the status does."""
    code = str(said.code)
    if said.code in OURS:
        return DeliveryError(said.text, code=code, pause=MEND)
    if said.code in NO_RECEIVER:
        return DeliveryError(said.text, code=code, permanent=True, suppress=True)
    if said.code == NO_TEXT:
        return DeliveryError(said.text, code=code, permanent=True)
    return None


def _by_status(said: Said, wait: float | None) -> DeliveryError | None:
    """Return what the status means, or else the words; `wait` is for how many seconds we are asked to."""
    code = str(said.code or said.status)
    if HTTPStatus.OK <= said.status < HTTPStatus.MULTIPLE_CHOICES:
        return DeliveryError(said.text, code="count 0") if said.count == 0 else None
    if said.status == HTTPStatus.TOO_MANY_REQUESTS:
        return DeliveryError(said.text, code=code, pause=TOO_MANY if wait is None else wait)
    if said.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return DeliveryError(said.text, code=code, pause=wait, unreachable=True)
    if UNWANTED.search(said.text):
        return DeliveryError(said.text, code=code, permanent=True, suppress=True)
    is_ours = said.code is None and (said.status in ELSEWHERE or said.status < HTTPStatus.BAD_REQUEST)
    return DeliveryError(said.text, code=code, pause=MEND if is_ours else None)
