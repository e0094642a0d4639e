"""The live inbox, as server-sent events. docs/live.md has what is sent."""

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from engagement.announce import session_mark
from engagement.live.hub import MOST_STREAMS, hub
from engagement.live.place import is_of
from engagement.live.stream import stream
from engagement.views.json_api import LOG_IN, Refused

NOT_HERE = "This server is not asynchronous: run the site under ASGI to have the inbox live."
#: Nobody keeps it, and nginx sends on what there is at once.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@require_GET
async def show(request: HttpRequest) -> HttpResponseBase:
    """Open the stream of whoever is logged in."""
    if not isinstance(request, ASGIRequest):
        return Refused(501, NOT_HERE).answer
    person = await request.auser()
    if not person.is_authenticated or not is_of(person, request.GET.get("of", "")):
        return Refused(401, LOG_IN).answer
    found, key = hub(), str(person.pk)
    if not found.has_room(key):
        return _too_many()
    session = session_mark(request.session.session_key or "")
    return StreamingHttpResponse(
        stream(found, key, session), content_type="text/event-stream", headers=HEADERS
    )


def _too_many() -> HttpResponseBase:
    answer = Refused(429, f"You have {MOST_STREAMS} streams open; close one.").answer
    answer["Retry-After"] = "60"
    return answer
