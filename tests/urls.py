"""The project's pages, the mailbox and "Try it" of the demo, and two async views that publish."""

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from events.bus import event_bus
from project.urls import urlpatterns as pages
from tests.probe.events import Pinged


async def publish_properly(request: HttpRequest) -> HttpResponse:
    """Publish from a coroutine as it is meant to be."""
    logged = await event_bus.apublish(Pinged(note="from an async view"))
    return HttpResponse(str(logged.pk))


async def publish_wrongly(request: HttpRequest) -> HttpResponse:
    """Publish from a coroutine as it is not."""
    try:
        event_bus.publish(Pinged())
    except SynchronousOnlyOperation as error:
        return HttpResponse(str(error))
    return HttpResponse("It went through.")


urlpatterns = [
    *pages,
    path("mailbox/", include("project.mailbox.urls")),
    path("tryit/", include("project.tryit.urls")),
    path("probe/apublish/", publish_properly),
    path("probe/publish/", publish_wrongly),
]
