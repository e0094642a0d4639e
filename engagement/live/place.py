"""Where a person's stream is."""

from typing import Any

from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac


def stream_url(person: Any) -> str:
    """Return the address for the pages of this person.

    It has a mark of the person. When somebody else logs in with the same browser, a page that is still open does not
    begin to show what is theirs: the stream is refused.
    """
    return f"{reverse('engagement:stream')}?of={_mark(person)}"


def is_of(person: Any, mark: str) -> bool:
    """Tell whether an address with this mark is of the person; one without is anybody's."""
    return not mark or constant_time_compare(mark, _mark(person))


def _mark(person: Any) -> str:
    return salted_hmac("engagement.live.place", str(person.pk)).hexdigest()[:16]
