"""The far ends that are spoken to over HTTP: a gateway for push, and a receiver of webhooks for each person.

They behave as those of others should: docs/push.md and docs/webhooks.md.
"""

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from capabilities.people.models import Person
from engagement.models import Endpoint
from engagement.webhook import signed
from project.tryit import outage, store
from project.tryit.people import owner_of_device, person_of_demo

#: Of a request, in bytes: three times what the largest of ours has.
LARGEST = 65_536
#: How much older or newer than now a signature may be, in seconds (Standard Webhooks).
TOLERANCE = 300
#: The headers that are shown.
SHOWN = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature")
#: When to come again, in seconds; what is out of order asks for it, so that nothing is given up.
COME_AGAIN = {"push": 4, "webhook": 10}

View = Callable[..., HttpResponse]


def _receives(channel: str) -> Callable[[Callable[..., HttpResponse]], View]:
    """Let only this machine in, only in the demo, and not more than is meant; give the view the body."""

    def decorate(view: Callable[..., HttpResponse]) -> View:
        @csrf_exempt
        @require_POST
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not settings.TRYIT:
                raise Http404("There is no demo.")
            if not _is_from_here(request):
                return HttpResponse("Only this machine may send something here.", status=403)
            body = request.read(LARGEST + 1)
            if len(body) > LARGEST:
                return HttpResponse(f"More than {LARGEST} bytes.", status=413)
            if outage.seconds_left(channel):
                return _out_of_order(channel)
            return view(request, body, *args, **kwargs)

        return answer

    return decorate


@_receives("push")
def gateway(request: HttpRequest, body: bytes) -> HttpResponse:
    """Take a message for a device, which is always there."""
    found = _object(body)
    if found is None or not all(isinstance(found.get(name), str) for name in ("device_id", "title")):
        return HttpResponse("Expected a JSON object with device_id and title.", status=400)
    message_id = str(found.get("message_id", ""))
    store.keep("push", owner_of_device(found["device_id"]), message_id, found)
    return JsonResponse({"id": f"phone-{message_id}"})


@_receives("webhook")
def hook(request: HttpRequest, body: bytes, name: str) -> HttpResponse:
    """Take a webhook if its signature is good."""
    person = person_of_demo(name)
    if not is_signed(request, body, _secrets(person, request.path)):
        return HttpResponse("The signature is not good.", status=401)
    headers = {each: request.headers[each] for each in SHOWN if each in request.headers}
    content = {"path": request.path, "headers": headers, "body": _object(body) or {}}
    store.keep("webhook", name, request.headers["webhook-id"], content)
    return HttpResponse("verified", content_type="text/plain; charset=utf-8")


def is_signed(request: HttpRequest, body: bytes, secrets: list[str]) -> bool:
    """Tell whether a request was signed with one of these secrets, and lately."""
    identity, stamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
    now = datetime.now(UTC)
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    if abs(now.timestamp() - int(stamp)) > TOLERANCE:
        return False
    good = signed(identity, body, secrets, datetime.fromtimestamp(int(stamp), UTC))["webhook-signature"]
    given = request.headers.get("webhook-signature", "")
    return any(
        hmac.compare_digest(one.encode(), other.encode()) for one in given.split() for other in good.split()
    )


def hook_path(name: str) -> str:
    """Return where the receiver of a person is."""
    return reverse("tryit:hook", args=[name])


def _secrets(person: Person, path: str) -> list[str]:
    """Return the secrets of the person's endpoint that leads here."""
    mine = Endpoint.objects.of(person).usable().filter(channel="webhook", value__endswith=path)
    return [secret for endpoint in mine for secret in endpoint.secrets()]


def _is_from_here(request: HttpRequest) -> bool:
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _out_of_order(channel: str) -> HttpResponse:
    return HttpResponse(outage.SAID, status=503, headers={"Retry-After": str(COME_AGAIN[channel])})


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
