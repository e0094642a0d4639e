"""Addresses of this site for those who are not on it: in mails, text messages, webhooks."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme, urlsafe_base64_decode, urlsafe_base64_encode

from engagement.conf import conf

#: Of a signature's 43 characters so many are kept, which is 132 bits: mail programs break long lines.
SIGNATURE_LENGTH = 22
#: So many categories are in a link to unsubscribe, of so many bytes altogether: it is in a header, on a line that must
#: not be long. The others can be opted out of on the page of the preferences.
MOST_CATEGORIES, MOST_BYTES = 10, 280


def absolute(url: str) -> str:
    """Return an address as those can use it who are not on this site; nothing for one that is not harmless."""
    found = harmless(url)
    return iri_to_uri(urljoin(f"{conf.base_url.rstrip('/')}/", found)) if found else ""


def harmless(url: str) -> str:
    """Return an address as it is if it leads to a page of this site, or of a host that notifications may lead to.

    Nothing for any other, for one that runs a script, and for what browsers take for something else than it seems.
    """
    hosts = {urlsplit(conf.base_url).netloc, *conf.allowed_hosts}
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=hosts) else ""


def host() -> str:
    """Return the name of this site's host."""
    return urlsplit(conf.base_url).hostname or "localhost"


def preferences_url(category: str = "") -> str:
    """Return where a person chooses, at a category if one is given."""
    anchor = "-".join(f"#category-{category}".split()) if category else ""
    return absolute(reverse("engagement:preferences") + anchor)


class _Signer(Signer):
    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return super().signature(value, key)[:SIGNATURE_LENGTH]


def _signer() -> Signer:
    return _Signer(salt="engagement.unsubscribe", sep=".")


def unsubscribe_url(person_key: Any, categories: Iterable[str]) -> str:
    """Return where a person can opt out of the mails of these categories, if they are few, without logging in."""
    token = unsubscribe_token(person_key, _first(categories))
    return absolute(reverse("engagement:unsubscribe", args=[token]))


def _first(categories: Iterable[str]) -> list[str]:
    """Return those that fit into a link, by name; one at the least."""
    found = sorted(set(categories))[:MOST_CATEGORIES]
    ends = accumulate(len(f"\n{each}".encode()) for each in found)
    return found[: max(1, sum(end <= MOST_BYTES for end in ends))]


def unsubscribe_token(person_key: Any, categories: Iterable[str]) -> str:
    """Return what proves that a mail was sent to the person about these categories; it does not expire."""
    text = "\n".join([str(person_key), *sorted(set(categories))])
    return _signer().sign(urlsafe_base64_encode(text.encode()))


def read_unsubscribe_token(token: str) -> tuple[str, list[str]] | None:
    """Return the person's primary key, as text, and the categories; None for a token that we have not made."""
    try:
        text = urlsafe_base64_decode(_signer().unsign(token)).decode()
    except (BadSignature, ValueError):
        return None
    person_key, *categories = text.split("\n")
    return person_key, categories
