"""What the far end said."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from django.utils.http import parse_http_date_safe

#: Of what others say so many characters are kept.
SHOWN_LENGTH = 500
#: Nobody is waited for any longer.
LONGEST_WAIT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whatever it says."""

    status: int
    #: Names in lower case; what came several times is joined by ", ".
    headers: Mapping[str, str]
    #: As it came, so far as it did: 64 kB at the most.
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the far end has taken what it was sent."""
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """The status as people know it: "410 Gone"."""
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else ""
        return f"{self.status} {phrase}".strip()

    @property
    def summary(self) -> str:
        """The same with the beginning of the body, in one line that can be shown to operators."""
        said = shown(self.body[: SHOWN_LENGTH * 4].decode(errors="replace"))
        return f"{self.words}: {said}" if said else self.words


def shown(text: str) -> str:
    """Return what somebody else said as one printable line of bounded length."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(plain.split())[:SHOWN_LENGTH]


def retry_after(answer: Answer, now: datetime | None = None) -> float | None:
    """Return for how many seconds an answer asks us to wait (RFC 9110, 10.2.3); None if it does not, or in no form."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]+", text):
        return min(float(text), LONGEST_WAIT_SECONDS)
    moment = parse_http_date_safe(text)
    if moment is None:
        return None
    left = moment - (now or datetime.now(UTC)).timestamp()
    return min(max(left, 0.0), LONGEST_WAIT_SECONDS)
