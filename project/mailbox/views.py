"""The pages of the mailbox: each person sees the mails to their address, staff see all."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from engagement.models import Delivery
from engagement.models.delivery_states import DeliveryState
from engagement.views.answer import in_their_time
from project.mailbox import box, message
from project.mailbox.box import Mail

PAGE = 50
#: What the HTML of a mail may do: have styles, and links that open another page. The frame says so, too; this counts
#: for whoever opens it by itself.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
BASE = '<base target="_blank">'

View = Callable[..., HttpResponse]


def _page(view: View) -> View:
    """Show a page to whoever is logged in, in their time, and let no browser keep it for the next one."""
    return login_required(require_safe(never_cache(in_their_time(view))))


def _of_mail(view: Callable[[HttpRequest, Mail, bytes], HttpResponse]) -> View:
    """Give the view the mail with the key; a mail that is not theirs is not there."""

    @_page
    @wraps(view)
    def answer(request: HttpRequest, key: str) -> HttpResponse:
        mail, content = box.mail(key), box.content_of(key)
        if mail is None or content is None or not _is_theirs(request.user, mail):
            raise Http404("There is no such mail, or it is no longer kept.")
        return view(request, mail, content)

    return answer


def _is_theirs(user: Any, mail: Mail) -> bool:
    address = getattr(user, get_user_model().get_email_field_name(), "")
    return bool(user.is_staff or (address and address.lower() == mail.owner))


def _held(user: Any) -> int:
    """Count the mails to a person that wait for a digest."""
    return Delivery.objects.filter(person=user, state=DeliveryState.HELD).count()


@_page
def index(request: HttpRequest) -> HttpResponse:
    """List the mails, newest first, and say how many of the person's own wait for a digest."""
    found = [mail for mail in box.mails() if _is_theirs(request.user, mail)]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(
        request, "mailbox/index.html", {"page": page, "most": box.MOST, "held": _held(request.user)}
    )


@_of_mail
def show(request: HttpRequest, mail: Mail, content: bytes) -> HttpResponse:
    """Show a mail: the text, the HTML in a frame of its own, and all headers for whoever wants them."""
    return render(request, "mailbox/show.html", {"mail": mail, "content": message.read(content)})


@xframe_options_sameorigin
@_of_mail
def html(request: HttpRequest, mail: Mail, content: bytes) -> HttpResponse:
    """Show the HTML of a mail, which can do nothing; its links open another page."""
    found = message.read(content).html
    if found is None:
        raise Http404("The mail has no HTML.")
    return framed(found)


def framed(found: str) -> HttpResponse:
    """Return the HTML of a mail for a frame of ours, in which it can do nothing."""
    answer = HttpResponse(_with_base(found), content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = POLICY
    return answer


def _with_base(found: str) -> str:
    """Let the links open another page: in the frame they would be refused."""
    with_base, count = re.subn(r"(<head(\s[^>]*)?>)", rf"\1{BASE}", found, count=1, flags=re.IGNORECASE)
    return with_base if count else f"<!doctype html>{BASE}{found}"


@_of_mail
def source(request: HttpRequest, mail: Mail, content: bytes) -> HttpResponse:
    """Show a mail as it was delivered."""
    return HttpResponse(content, content_type="text/plain; charset=utf-8")
