"""For apps: devices are registered, refreshed and dropped over HTTP, in JSON, with the session of the pages.

What is wrong is answered in JSON, too: {"error": "...", "field": "..."}.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from pydantic import BaseModel, ConfigDict

from engagement import registration, sessions
from engagement.channels import Stored, channels
from engagement.models import Endpoint
from engagement.views.json_api import Refused, api, not_allowed, read_body
from engagement.views.parse import LARGEST_ID

#: What the verbs call "value" is to apps the token.
FIELDS = {"value": "token"}
NO_SUCH_DEVICE = "You have no such device."


class Device(BaseModel):
    """What an app sends of itself."""

    model_config = ConfigDict(strict=True, extra="forbid")

    token: str
    kind: str = ""
    label: str = ""
    channel: str = "push"


@api
@ensure_csrf_cookie
def devices(request: HttpRequest) -> HttpResponse:
    """List the person's devices, register one, or drop one by its token."""
    match request.method:
        case "GET" | "HEAD":
            return JsonResponse({"devices": [_full(each) for each in _devices(request)]})
        case "POST":
            return _register(request)
        case "DELETE":
            return _drop_by_token(request)
    return not_allowed("GET, HEAD, POST, DELETE")


@api
def device(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop one device."""
    if request.method != "DELETE":
        return not_allowed("DELETE")
    found = registration.find(request.user, pk) if pk <= LARGEST_ID else None
    if found is None or not registration.is_for_devices(channels().get(found.channel)):
        raise Refused(404, NO_SUCH_DEVICE)
    registration.drop(request.user, pk)
    return HttpResponse(status=204)


def _register(request: HttpRequest) -> HttpResponse:
    sent = read_body(request, Device)
    try:
        found = registration.register_device(
            request.user, sent.channel, sent.token, kind=sent.kind, label=sent.label
        )
    except ValidationError as error:
        raise _refused(error) from error
    sessions.remember(request.session, found)
    return JsonResponse(_brief(found), status=201 if registration.is_new(found) else 200)


def _drop_by_token(request: HttpRequest) -> HttpResponse:
    sent = read_body(request, Device)
    try:
        gone = registration.drop_device(request.user, sent.channel, sent.token, kind=sent.kind)
    except ValidationError as error:
        raise _refused(error) from error
    if not gone:
        raise Refused(404, NO_SUCH_DEVICE)
    return HttpResponse(status=204)


def _devices(request: HttpRequest) -> list[Endpoint]:
    """Return the person's devices, at most some twenty on each channel; what people enter is none."""
    names = [name for name, channel in channels().items() if registration.is_for_devices(channel)]
    return list(Endpoint.objects.of(request.user).filter(channel__in=names).order_by("pk"))


def _brief(found: Endpoint) -> dict[str, Any]:
    return {
        "id": found.pk,
        "kind": found.kind,
        "label": found.label,
        "registered_at": found.registered_at,
    }


def _full(found: Endpoint) -> dict[str, Any]:
    """Return all that an app may know of a device, which may be another than its own: not its token."""
    channel = channels()[found.channel]
    shown = channel.shown(found.value) if isinstance(channel, Stored) else ""
    more = {"channel": found.channel, "token": shown, "last_seen_at": found.last_seen_at}
    return _brief(found) | more | {"in_use": found.is_usable}


def _refused(error: ValidationError) -> Refused:
    """Return what a verb has refused."""
    if not hasattr(error, "error_dict"):
        return Refused(400, " ".join(error.messages))
    field, said = next(iter(error.message_dict.items()))
    return Refused(400, " ".join(said), FIELDS.get(field, field))
