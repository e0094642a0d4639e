"""Everything in a digest, for those who want more than the mail has room for."""

from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement.links import harmless
from engagement.models import Delivery
from engagement.retract import was_retracted
from engagement.views.answer import in_their_time
from engagement.views.parse import LARGEST_ID, id_of

PAGE_SIZE = 100


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """List what was collected in one digest of the person's, or is held for it, but for what was taken back since."""
    mine = Delivery.objects.of(request.user)
    found = mine.filter(pk=pk, is_digest=True).first() if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("You have no such digest, or it is no longer kept.")
    told = _told(mine.held_by(found) if found.is_open else mine.filter(digest=found.pk))
    before = id_of(request.GET.get("before"))
    rows = list((told if before is None else told.filter(notifiable__lt=before))[: PAGE_SIZE + 1])
    context = {
        "digest": found,
        "items": [(each, harmless(each.url)) for each in rows[:PAGE_SIZE]],
        "total": told.count(),
        "older_than": rows[PAGE_SIZE - 1].notifiable_id if len(rows) > PAGE_SIZE else None,
    }
    return render(request, "engagement/digest.html", context)


def _told(items: "models.QuerySet[Delivery]") -> "models.QuerySet[Delivery]":
    """Return these with what explains each, if that is still kept: one query, whatever their notifiers are by now."""
    rows = items.exclude(was_retracted()).select_related("notifiable").defer("notifiable__params")
    return rows.order_by("-notifiable_id")
