"""What is done from the inbox. Each is a POST that leads back to the page, or answers scripts with the changed rows.

Somebody else's notification does not exist: alone it is not found, among others it is left out.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from engagement import inbox_acts
from engagement.inbox_acts import Act, Done
from engagement.inbox_list import Filter
from engagement.views.answer import back, changes_something, go, in_their_time
from engagement.views.inbox import fragment, ids_of
from engagement.views.parse import id_of, own_notification

PAGE = "engagement:inbox"


@changes_something(PAGE)
def open_(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as read and go to where the notification leads."""
    notification = own_notification(request, pk)
    notification.mark_as_read()
    return go(notification.url, request)


@changes_something(PAGE)
@never_cache
@in_their_time
def act_on_one(request: HttpRequest, pk: int, verb: Act) -> HttpResponse:
    """Do it to one notification."""
    own_notification(request, pk)
    done = inbox_acts.act(request.user, verb, [pk])
    return _answer(request, done, [pk])


@changes_something(PAGE)
@never_cache
@in_their_time
def act_on_chosen(request: HttpRequest, name: str) -> HttpResponse:
    """Do it to those that are ticked."""
    if name not in Act.values:
        raise Http404("There is no such thing to do.")
    ids = ids_of(request.POST.getlist("ids"))
    return _answer(request, inbox_acts.act(request.user, Act(name), ids), ids)


@changes_something(PAGE)
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read that was there when the page was shown."""
    return _answer_all(request, inbox_acts.read_all(request.user, up_to=id_of(request.POST.get("up_to"))))


@changes_something(PAGE)
def archive_read(request: HttpRequest) -> HttpResponse:
    """Archive everything that is read and was there when the page was shown."""
    return _answer_all(request, inbox_acts.archive_read(request.user, up_to=id_of(request.POST.get("up_to"))))


@changes_something(PAGE)
def seen(request: HttpRequest) -> HttpResponse:
    """Note that these were listed before the person's eyes; the page's script tells."""
    inbox_acts.mark_seen(request.user, ids_of(request.POST.get("ids", "").split(",")))
    return HttpResponse(status=204)


@changes_something(PAGE)
@never_cache
@in_their_time
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was done last."""
    taken = inbox_acts.undo(request.user, request.POST.get("token", ""))
    if taken is None:
        messages.error(request, _("This cannot be undone any more."))
    elif not taken[0]:
        messages.info(request, _("There was nothing to undo."))
    else:
        messages.success(request, _("Undone."))
    ids = taken[1] if taken else ()
    return _rows(request, ids) if ids or not taken else back(request)


def _answer(request: HttpRequest, done: Done, ids: Sequence[int]) -> HttpResponse:
    _say(request, done)
    return _rows(request, ids)


def _answer_all(request: HttpRequest, done: Done) -> HttpResponse:
    _say(request, done)
    return back(request)


def _rows(request: HttpRequest, ids: Sequence[int]) -> HttpResponse:
    """Answer the page's script with the rows as they are now; others go back to the page."""
    if request.headers.get("X-Requested-With") != "fetch":
        return back(request)
    here = request.POST.get("next", "")
    return fragment(request, ids, Filter.of(QueryDict(_query(here))), here)


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:
        return ""


def _say(request: HttpRequest, done: Done) -> None:
    """Say what was done, with a button to take it back."""
    if not done.count:
        messages.info(request, _nothing(done.act))
        return
    context = {"said": _said(done), "token": done.undo, "next": request.POST.get("next", "")}
    messages.success(request, render_to_string("engagement/undo.html", context, request))


def _said(done: Done) -> str:
    count = done.count
    match done.act:
        case Act.READ:
            said = ngettext("%d notification marked as read.", "%d notifications marked as read.", count)
        case Act.UNREAD:
            said = ngettext("%d notification marked as unread.", "%d notifications marked as unread.", count)
        case Act.ARCHIVE:
            said = ngettext("%d notification archived.", "%d notifications archived.", count)
        case _:
            said = ngettext(
                "%d notification moved to the inbox.", "%d notifications moved to the inbox.", count
            )
    more = " " + _("There are more: do it again for the next.") if done.is_cut else ""
    return said % count + more


def _nothing(verb: Act) -> str:
    return {
        Act.READ: _("There was nothing unread."),
        Act.UNREAD: _("There was nothing read."),
        Act.ARCHIVE: _("There was nothing to archive."),
        Act.UNARCHIVE: _("There was nothing to move back."),
    }[verb]
