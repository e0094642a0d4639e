"""Everything that concerned a person, and why they were notified of it, or were not."""

from collections.abc import Iterator
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement import activity, mutes, preferences
from engagement.activity import START, Cursor
from engagement.choices import Scope
from engagement.explain import Explanation, Verdict, explain, reasons_of
from engagement.models import AppNotification, NotifiableEvent
from engagement.sentences import Setting
from engagement.views.answer import in_their_time
from engagement.views.parse import LARGEST_ID, id_of, own_notification
from engagement.views.preferences import address


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest) -> HttpResponse:
    """List what concerned the person, newest first."""
    before = _cursor(request.GET.get("before", ""))
    context = {"page": activity.page(request.user, before), "is_first": before == START}
    return render(request, "engagement/activity.html", context)


@login_required
@require_safe
@never_cache
@in_their_time
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """Explain one of the person's notifications."""
    return _explained(request, own_notification(request, pk).event_id)


@login_required
@require_safe
@never_cache
@in_their_time
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """Explain what became of something that concerned the person, notified or not."""
    return _explained(request, pk)


@login_required
@require_safe
@never_cache
@in_their_time
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Explain any event to whoever was given its address: what became of it for them, or that it did not concern them.

    Of an event that did not concern the person, nothing is shown but its kind, its time, and whom it concerned.
    """
    log = activity.event(event_id)
    if log is None:
        raise Http404("There is no such event, or it is no longer kept.")
    found = activity.of_event(request.user, log)
    if found is not None:
        return redirect("engagement:outcome", found.pk)
    context = {"log": log, "name": activity.name_of_event(log.type), "reasons": reasons_of(log.type)}
    return render(request, "engagement/unconcerned.html", context)


def _explained(request: HttpRequest, pk: int) -> HttpResponse:
    found = activity.find(request.user, pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("There is no such event, or it did not concern you.")
    notification, explanation = _notification(found), explain(found)
    context = {
        "entry": activity.entry(found),
        "notification": notification,
        "explanation": explanation,
        "verdicts": [*_with_links(request, explanation)],
        "event": _address(request, found),
        "muted": mutes.muted_among(request.user, [explanation.about]),
    }
    return render(request, "engagement/why.html", context)


def _address(request: HttpRequest, found: NotifiableEvent) -> str:
    """Return the address at which anybody can ask of the same event; nothing if the log does not have it any more."""
    if found.event_log is None:
        return ""
    return request.build_absolute_uri(reverse("engagement:event", args=[found.event_log.event_id]))


def _notification(found: NotifiableEvent) -> AppNotification | None:
    return getattr(found, "app_notification", None)


def _with_links(
    request: HttpRequest, explanation: Explanation
) -> Iterator[tuple[Verdict, tuple[str, str | Promise] | None]]:
    """Yield each verdict with the address of the setting that decides, and what to call it."""
    lines = {line.scope: line.label for each in preferences.sections(request.user) for line in each.lines}
    for verdict in explanation.verdicts:
        yield verdict, _link(verdict.setting, explanation, lines)


def _link(
    setting: Setting, explanation: Explanation, lines: dict[Scope, str | Promise]
) -> tuple[str, str | Promise] | None:
    """Return the address and its text; None where a person can change nothing."""
    page = reverse("engagement:preferences")
    fixed = {
        Setting.MUTES: (reverse("engagement:muted"), _("What you have muted")),
        Setting.QUIET_HOURS: (reverse("engagement:settings"), _("Your quiet hours")),
        Setting.MAILBOX: (f"{page}#mailbox", _("Since when, and why")),
    }
    scopes = {
        Setting.EVENT_TYPE: Scope(event_type=explanation.event_type),
        Setting.CATEGORY: Scope(category=explanation.category),
        Setting.DIGEST: Scope(category=explanation.category),
    }
    scope = scopes.get(setting)
    if scope in lines:
        return address(scope), _("Choose for “%s”") % lines[scope]
    return fixed.get(setting)


def _cursor(text: str) -> Cursor:
    """Return where a page begins, out of the address: "120.7". What is none is the beginning."""
    event_log, _dot, by_hand = text.partition(".")
    return Cursor(id_of(event_log), id_of(by_hand))
