"""Refuse forms that are not in UTF-8: another charset can decode to what no page, table or log can hold."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.deprecation import MiddlewareMixin

UTF_8 = {"utf-8", "utf8"}


class Utf8Only(MiddlewareMixin):
    """Answers 400 to a request that names another charset; Django does so itself unless it is multipart.

    But for views with the attribute `accepts_any_charset`: they read nothing of what is sent.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse, or let the view answer; before this nothing reads a form."""
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.strip().lower() in UTF_8 or getattr(view, "accepts_any_charset", False):
            return None
        return HttpResponseBadRequest("Send it in UTF-8.", content_type="text/plain")
