"""Opting out by the link in a mail: who has the link need not log in, and may only do that."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from engagement import unsubscribe
from engagement.choices import Scope
from engagement.links import read_unsubscribe_token
from engagement.mailbox import Mailbox, address_of
from engagement.unsubscribe import Subscription
from engagement.views.preferences import PAGE, address


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a confirmation, as programs follow links; a POST is one, whatever is in it (RFC 8058)."""
    response = _answer(request, token)
    # The address of the page is the key to it: it is passed on to no other site, and listed nowhere.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    read = _read(token)
    if read is None:
        context: dict[str, Any] = {"preferences": reverse(PAGE)}
        return render(request, "engagement/no_such_link.html", context, status=404)
    person, categories = read
    found = unsubscribe.subscriptions(categories)
    is_done = request.method == "POST"
    if is_done:
        unsubscribe.unsubscribe(person, categories)
    context = _context(person, found, is_done=is_done)
    return render(request, "engagement/unsubscribe.html", context)


def _read(token: str) -> tuple[Any, list[str]] | None:
    """Return the person and the categories; None for a token that is not ours, or of nobody any more."""
    found = read_unsubscribe_token(token)
    if found is None:
        return None
    key, categories = found
    try:
        return get_user_model()._base_manager.get(pk=key), categories
    except (ObjectDoesNotExist, ValueError, ValidationError):
        return None


def _context(person: Any, found: list[Subscription], *, is_done: bool) -> dict[str, Any]:
    """Return what the page shows: of the person, no more than what is in the mail, and whether it is done."""
    optional = [each for each in found if not each.required]
    names = [each.category for each in optional]
    was_done = {} if is_done else unsubscribe.is_unsubscribed(person, names)
    only = Scope(category=optional[0].category) if len(optional) == 1 else None
    return {
        "is_done": is_done,
        "names": _labels(each for each in optional if not was_done.get(each.category)),
        "off": _labels(each for each in optional if was_done.get(each.category)),
        "required": [each for each in found if each.required],
        "notes": [each.note for each in optional if each.note],
        "masked": Mailbox(address_of(person), None).masked,
        "preferences": address(only) if only else reverse(PAGE),
    }


def _labels(found: Iterable[Subscription]) -> str:
    return get_text_list([each.label for each in found], _("and"))
