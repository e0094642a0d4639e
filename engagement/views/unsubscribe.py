"""Opting out by the link in a mail: who has the link need not log in, and may only do that."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
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

View = Callable[..., HttpResponse]


def any_charset(view: View) -> View:
    """Let the view be asked in any charset, as nothing that is sent to it is read; the middleware looks for this."""
    view.accepts_any_charset = True  # type: ignore[attr-defined]
    return view


@any_charset
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a confirmation, as programs follow links; a POST is one, whatever is in it (RFC 8058)."""
    person, categories = _read(token)
    found = unsubscribe.subscriptions(categories)
    is_done = request.method == "POST"
    if is_done:
        unsubscribe.unsubscribe(person, categories)
    response = render(request, "engagement/unsubscribe.html", _context(person, found) | {"is_done": is_done})
    # The address of the page is the key to it: it is passed on to no other site, and listed nowhere.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _read(token: str) -> tuple[Any, list[str]]:
    """Return the person and the categories; raise Http404 for a token that is not ours, or of nobody any more."""
    found = read_unsubscribe_token(token)
    if found is None:
        raise Http404("There is no such link.")
    key, categories = found
    try:
        return get_user_model()._base_manager.get(pk=key), categories
    except (ObjectDoesNotExist, ValueError, ValidationError):
        raise Http404("There is no such person any more.") from None


def _context(person: Any, found: list[Subscription]) -> dict[str, Any]:
    """Return what the page shows: of the person, no more than what is in the mail."""
    optional = [each for each in found if not each.required]
    only = Scope(category=optional[0].category) if len(optional) == 1 else None
    return {
        "names": get_text_list([each.label for each in optional], _("and")),
        "required": [each for each in found if each.required],
        "notes": [each.note for each in optional if each.note],
        "masked": Mailbox(address_of(person), None).masked,
        "preferences": address(only) if only else reverse(PAGE),
    }
