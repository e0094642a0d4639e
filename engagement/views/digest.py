"""Everything in a digest, for those who want more than the mail has room for."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement.links import harmless
from engagement.models import Delivery
from engagement.views.answer import in_their_time
from engagement.views.parse import LARGEST_ID


@login_required
@require_safe
@never_cache
@in_their_time
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """List what was collected in one digest of the person's, or is held for it, newest first."""
    mine = Delivery.objects.of(request.user)
    found = mine.filter(pk=pk, is_digest=True).first() if pk <= LARGEST_ID else None
    if found is None:
        raise Http404("You have no such digest, or it is no longer kept.")
    rows = mine.held_by(found) if found.is_open else mine.filter(digest=found.pk)
    items = [(each, harmless(each.url)) for each in rows.order_by("-notifiable_id")]
    return render(request, "engagement/digest.html", {"digest": found, "items": items})
