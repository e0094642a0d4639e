"""Refuse forms that are not in UTF-8: another charset can decode to what no page, table or log can hold."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase

UTF_8 = {"utf-8", "utf8"}


class Utf8Only:
    """Answers 400 to a request that names another charset; Django does so itself unless it is multipart."""

    async_capable = sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer, or pass the request on."""
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.strip().lower() in UTF_8:
            answer: HttpResponseBase | Awaitable[HttpResponseBase] = self._get_response(request)
            return answer
        return _refuse_later() if iscoroutinefunction(self) else _refuse()


def _refuse() -> HttpResponseBase:
    return HttpResponseBadRequest("Send it in UTF-8.", content_type="text/plain")


async def _refuse_later() -> HttpResponseBase:
    return _refuse()
