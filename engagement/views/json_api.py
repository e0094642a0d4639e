"""How programs are answered: in JSON, and what is wrong as {"error": "...", "field": "..."}."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel
from pydantic import ValidationError as InvalidBody

View = Callable[..., HttpResponseBase]
Body = TypeVar("Body", bound=BaseModel)

#: In bytes.
LONGEST_BODY = 10_000
LOG_IN = "Log in first."


class Refused(Exception):
    """The request cannot be answered otherwise than by an error."""

    def __init__(self, status: int, error: str, field: str = "") -> None:
        self.answer = JsonResponse({"error": error, "field": field}, status=status)
        super().__init__(error)


class Csrf(CsrfViewMiddleware):
    """Answers in JSON."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return Refused(403, f"{reason} Send the value of the CSRF cookie as X-CSRFToken.").answer


def api(view: View) -> View:
    """Answer those who are not logged in, and what is wrong, in JSON; not by a redirect to a page."""
    protected = decorator_from_middleware(Csrf)(view)

    @never_cache
    @csrf_exempt
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return Refused(401, LOG_IN).answer
        try:
            return protected(request, *args, **kwargs)
        except Refused as refused:
            return refused.answer

    return answer


def read_body(request: HttpRequest, model: type[Body]) -> Body:
    """Return what was sent; raise Refused."""
    body = request.read(LONGEST_BODY + 1)
    if len(body) > LONGEST_BODY:
        raise Refused(413, f"Send at most {LONGEST_BODY} bytes.")
    try:
        return model.model_validate_json(body)
    except InvalidBody as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        raise Refused(400, first["msg"], field) from error


def not_allowed(allowed: str) -> HttpResponse:
    """Say which methods there are."""
    refused = Refused(405, f"Use {allowed}.").answer
    refused["Allow"] = allowed
    return refused
