"""The inbox for programs: pages that embed it, and apps. docs/live.md has it with examples."""

from typing import Any, Literal, Self

from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engagement import inbox
from engagement.live.row import as_json
from engagement.models import AppNotification
from engagement.views.json_api import Refused, api, not_allowed, read_body
from engagement.views.parse import LARGEST_ID, id_of

#: Of a list.
LARGEST_PAGE = 100
FLAGS = {"": False, "0": False, "1": True, "false": False, "true": True}
NO_SUCH_NOTIFICATION = "You have no such notification."


class Change(BaseModel):
    """What is to become of a notification; what is not named stays as it is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    read: bool | None = None
    archived: bool | None = None
    seen: Literal[True] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.columns():
            return self
        raise ValueError("Say what is to change: read, archived or seen.")

    def columns(self) -> dict[str, Any]:
        """Return what is to be written. What is so already keeps its time."""
        wanted = {"read_at": self.read, "archived_at": self.archived, "seen_at": self.seen}
        return {
            name: Coalesce(name, Now()) if value else None
            for name, value in wanted.items()
            if value is not None
        }


class UpTo(BaseModel):
    """Up to which notification."""

    model_config = ConfigDict(strict=True, extra="forbid")

    up_to: int | None = Field(None, ge=0, le=LARGEST_ID)


@api
@ensure_csrf_cookie
def notifications(request: HttpRequest) -> HttpResponse:
    """List the person's notifications, newest first."""
    if request.method not in {"GET", "HEAD"}:
        return not_allowed("GET, HEAD")
    rows, before = _page(request)
    listed = [as_json(row) for row in rows]
    return JsonResponse({"notifications": listed, "before": before, "badge": inbox.badge(request.user)})


@api
def notification(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one, or change it."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return not_allowed("GET, HEAD, POST")
    found = _own(request, pk)
    if request.method == "POST":
        changes = read_body(request, Change).columns()
        AppNotification.objects.of(request.user).filter(pk=found.pk).update(**changes)
        found = _own(request, pk)
    return JsonResponse(as_json(found))


def _own(request: HttpRequest, pk: int) -> AppNotification:
    """Return one of the person's; somebody else's is none, whatever is said of it."""
    found = inbox.find(request.user, pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Refused(404, NO_SUCH_NOTIFICATION)
    return found


@api
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all as read, or those up to one."""
    if request.method != "POST":
        return not_allowed("POST")
    count = inbox.mark_all_read(request.user, up_to=read_body(request, UpTo).up_to)
    return JsonResponse({"marked": count, "badge": inbox.badge(request.user)})


@api
@ensure_csrf_cookie
def badge(request: HttpRequest) -> HttpResponse:
    """Say how many are unread."""
    if request.method not in {"GET", "HEAD"}:
        return not_allowed("GET, HEAD")
    return JsonResponse({"badge": inbox.badge(request.user)})


def _page(request: HttpRequest) -> tuple[list[AppNotification], int | None]:
    """Return the rows that were asked for, and before which the next ones are."""
    found = AppNotification.objects.newest_of(request.user)
    found = found.filter(archived_at__isnull=False) if _flag(request, "archived") else found.in_inbox()
    if _flag(request, "unread"):
        found = found.filter(read_at=None)
    if (before := _number(request, "before", LARGEST_ID)) is not None:
        found = found.filter(id__lt=before)
    limit = _number(request, "limit", LARGEST_PAGE)
    size = inbox.PAGE_SIZE if limit is None else max(limit, 1)
    rows = list(found[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def _flag(request: HttpRequest, name: str) -> bool:
    try:
        return FLAGS[request.GET.get(name, "").lower()]
    except KeyError:
        raise Refused(400, "Say 1 or 0.", name) from None


def _number(request: HttpRequest, name: str, most: int) -> int | None:
    text = request.GET.get(name, "")
    number = id_of(text)
    if text and (number is None or number > most):
        raise Refused(400, f"Give a number of at most {most}.", name)
    return number
