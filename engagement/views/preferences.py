"""The page of what a person is told where, and what is sent from it."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement import preferences
from engagement.channels import channels
from engagement.choices import Scope
from engagement.forms import SectionForm
from engagement.mailbox import mailbox_of
from engagement.meant import meant, period
from engagement.models.preference import further_channels
from engagement.overview import overview
from engagement.past import past_of
from engagement.preferences import Section
from engagement.views.answer import changes_something, in_their_time

PAGE = "engagement:preferences"


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest) -> HttpResponse:
    """Show everything that can be chosen."""
    return _page(request, preferences.sections(request.user))


@changes_something(PAGE)
@never_cache
@in_their_time
def choose(request: HttpRequest) -> HttpResponse:
    """Save the choices of one category, all of them or none."""
    sections = preferences.sections(request.user)
    section = _section(sections, request.POST.get("category", ""))
    if section is None:
        messages.error(request, _("There is no such category; nothing was changed."))
        return redirect(PAGE)
    form = SectionForm(section, request.POST.dict())
    if not form.is_valid():
        return _page(request, sections, form)
    preferences.choose_all(request.user, form.changes(), form.digests())
    messages.success(request, _("Your choices for %s are saved.") % section.line.label)
    return HttpResponseRedirect(address(section.line.scope))


def address(scope: Scope) -> str:
    """Return where something is chosen, unfolded."""
    shown = "?" + urlencode({"open": scope.event_type}) if scope.event_type else ""
    return f"{reverse(PAGE)}{shown}#{scope.anchor}"


def _page(request: HttpRequest, sections: Sequence[Section], sent: SectionForm | None = None) -> HttpResponse:
    """Show the page, with a form as it was sent if something is wrong with it."""
    past = past_of(request.user, sections)
    found, said = [], meant(past, sections)
    for section in sections:
        found.append(sent if sent and sent.section is section else SectionForm(section))
        found[-1].meant = said
    context = {
        "forms": found,
        "overview": overview(sections),
        "period": period(past),
        "mailbox": mailbox_of(request.user),
        "not_set_up": _not_set_up(sections),
        "open": request.GET.get("open", ""),
    }
    return render(request, "engagement/preferences.html", context, status=422 if sent else 200)


def _not_set_up(sections: Sequence[Section]) -> list[str | Promise]:
    """Return what people call the channels that could be chosen here, and on which nothing is sent at present."""
    further = {name for section in sections for name in section.line.further}
    told = (
        channel for name, channel in channels().items() if name in further or name not in further_channels()
    )
    return [channel.label for channel in told if not channel.configured()]


def _section(sections: Sequence[Section], category: str) -> Section | None:
    return next((each for each in sections if each.line.scope.category == category), None)
