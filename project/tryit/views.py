"""The page "Try it": two people of the demo side by side, and what reaches them.

Whoever is here may act as these people, here only: nobody is logged in as anybody. Outside the demo there is no page.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from capabilities.people.models import Person
from capabilities.product_management.models import Product
from engagement import activity, inbox
from engagement.explain import explain
from engagement.views.parse import LARGEST_ID, id_of
from project.mailbox import box, message
from project.mailbox.views import framed
from project.tryit import actions, outage, store
from project.tryit.arrived import column
from project.tryit.path import path_of
from project.tryit.people import people, person_of_demo

#: How often the page looks whether there is something new, in seconds: when it expects something, and when not.
QUICKLY, SLOWLY = 1, 5

View = Callable[..., HttpResponse]


def _in_demo(view: View) -> View:
    @wraps(view)
    @never_cache
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.TRYIT:
            raise Http404("There is no demo.")
        return view(request, *args, **kwargs)

    return answer


def _acts(view: Callable[[HttpRequest, Person], str]) -> View:
    """Do something as a person of the demo, and say on the page what was done, or why not."""

    @_in_demo
    @require_POST
    @wraps(view)
    def answer(request: HttpRequest, name: str) -> HttpResponse:
        person = person_of_demo(name)
        try:
            messages.success(request, view(request, person))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except PermissionDenied as error:
            messages.error(request, str(error))
        return _back(request)

    return answer


@_in_demo
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show two people side by side."""
    return render(request, "tryit/index.html", _context(request) | _more(request))


@_in_demo
@require_safe
def now(request: HttpRequest) -> HttpResponse:
    """Return what changes by itself, if it has changed since the page has it."""
    context = _context(request)
    if not context["changed"]:
        return HttpResponse(status=204)
    return render(request, "tryit/now.html", context)


@_acts
def create(request: HttpRequest, person: Person) -> str:
    """Create a product."""
    return actions.create(person, request.POST.get("name", "").strip())


@_acts
def rename(request: HttpRequest, person: Person) -> str:
    """Rename one."""
    return actions.rename(person, _product(request, person), request.POST.get("name", "").strip())


@_acts
def describe(request: HttpRequest, person: Person) -> str:
    """Change its description."""
    return actions.describe(person, _product(request, person))


@_acts
def mute(request: HttpRequest, person: Person) -> str:
    """Mute one, or the other way."""
    return actions.switch_mute(person, _product(request, person))


@_acts
def digest(request: HttpRequest, person: Person) -> str:
    """Have mails collected, or the other way."""
    return actions.switch_digest(person)


@_acts
def read(request: HttpRequest, person: Person) -> str:
    """Mark everything as read."""
    inbox.mark_all_read(person, up_to=id_of(request.POST.get("up_to")))
    return _("%s has read everything.") % person.first_name


@_in_demo
@require_POST
def stop(request: HttpRequest, channel: str) -> HttpResponse:
    """Stop a far end for half a minute, or let it go on."""
    if channel not in outage.FAR_ENDS:
        raise Http404("There is no such far end.")
    if outage.seconds_left(channel):
        outage.start(channel)
        messages.success(request, _("It takes messages again. What waits is sent when its turn comes."))
    else:
        outage.stop(channel)
        said = _("Stopped for %(seconds)d s: %(what)s. Do something now, and watch it being tried again.")
        messages.success(request, said % {"seconds": outage.SECONDS, "what": outage.FAR_ENDS[channel]})
    return _back(request)


@_in_demo
@require_safe
def why(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Explain to a person of the demo why they were notified of something, or were not."""
    found = activity.find(person_of_demo(name), pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("There is no such event, or it did not concern this person.")
    context = {"person": found.person, "entry": activity.entry(found), "explanation": explain(found)}
    return render(request, "tryit/why.html", context | {"back": _address(request)})


@_in_demo
@require_safe
@xframe_options_sameorigin
def mail(request: HttpRequest, name: str, key: str) -> HttpResponse:
    """Show the HTML of a mail to a person of the demo."""
    person, found = person_of_demo(name), box.mail(key)
    is_theirs = found is not None and found.owner == person.email.lower()
    content = message.read(box.content_of(key) or b"").html if is_theirs else None
    if content is None:
        raise Http404("There is no such mail, or it is no longer kept.")
    return framed(content)


def _context(request: HttpRequest) -> dict[str, Any]:
    """Return what changes by itself."""
    kept, chosen = store.kept(), _chosen(request)
    columns = [column(person, kept) for person in chosen]
    path = path_of(next((each for each in kept if each.kind == "action"), None))
    stops = [(name, what, outage.seconds_left(name)) for name, what in outage.FAR_ENDS.items()]
    is_soon = any(each.is_soon for each in columns) or bool(path and path.is_soon)
    pace = QUICKLY if is_soon or any(left for *_names, left in stops) else SLOWLY
    marks = {"path": [repr(path)], "stops": [repr(stops)], "pace": [str(pace)]}
    for each in columns:
        marks |= each.marks()
    prints = {part: _fingerprint(found) for part, found in marks.items()}
    return {
        "columns": columns,
        "path": path,
        "stops": stops,
        "pace": pace,
        "seen": ".".join(prints.values()),
        "changed": _changed(prints, request.GET.get("seen", "")),
        "left": chosen[0].username if chosen else "",
        "right": chosen[-1].username if chosen else "",
    }


def _fingerprint(marks: Sequence[str]) -> str:
    return sha256("\n".join(marks).encode()).hexdigest()[:8]


def _changed(prints: Mapping[str, str], seen: str) -> set[str]:
    """Return the parts of the page that are not as it has them."""
    had = seen.split(".")
    had += [""] * len(prints)
    return {part for (part, now), before in zip(prints.items(), had, strict=False) if now != before}


def _more(request: HttpRequest) -> dict[str, Any]:
    """Return what changes only by what is done on the page."""
    return {
        "people": people(),
        "next_name": actions.next_name() if people() else "",
        "desks": {
            each.username: {
                "products": actions.products(each)[: actions.LISTED],
                "is_collecting": actions.is_collecting(each),
            }
            for each in _chosen(request)
        },
    }


def _chosen(request: HttpRequest) -> list[Person]:
    """Return the two to be shown: those asked for, else the first that there are; never one twice."""
    given = request.POST if request.method == "POST" else request.GET
    found = {each.username: each for each in people()}
    wanted = [name for name in (given.get("left"), given.get("right")) if name in found]
    names = list(dict.fromkeys([*wanted, *found]))[:2]
    return [found[name] for name in names]


def _product(request: HttpRequest, person: Person) -> Product:
    """Return the product that was chosen, of those that the person can change."""
    return get_object_or_404(actions.products(person), pk=id_of(request.POST.get("product")))


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(_address(request))


def _address(request: HttpRequest) -> str:
    """Return the page with the same two people."""
    chosen = [each.username for each in _chosen(request)]
    return f"{reverse('tryit:index')}?{urlencode(dict(zip(('left', 'right'), chosen, strict=False)))}"
