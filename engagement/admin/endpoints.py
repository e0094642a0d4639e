"""Where people are reached by channels that have endpoints of their own: devices, numbers, addresses on the web."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from engagement import endpoints
from engagement.admin.log import LogAdmin
from engagement.admin.people_at import people_at
from engagement.channels import Stored, channels, shown_endpoint
from engagement.models import BY_CHANNEL, Endpoint
from engagement.models.endpoint import usable
from events.listing import exact, moment

RETIRED_BECAUSE = "by an operator"
#: Where an endpoint stands: what it is called, and which those are. The first that is true of one is said of it.
STANDINGS: dict[str, tuple[str | Promise, models.Q]] = {
    "retired": (_("retired"), models.Q(retired_at__isnull=False)),
    "unverified": (_("waits to be verified"), models.Q(retired_at=None, verified_at=None)),
    "resting": (_("rests"), usable() & models.Q(rests_until__gt=Now())),
    "in use": (_("in use"), usable() & ~models.Q(rests_until__gt=Now(), rests_until__isnull=False)),
}


class StandingFilter(admin.SimpleListFilter):
    """By where an endpoint stands."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every state."""
        return [(name, label) for name, (label, _condition) in STANDINGS.items()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Filter by the state chosen; anything else in the address is no filter."""
        found = STANDINGS.get(self.value() or "")
        return queryset.filter(found[1]) if found else queryset


@admin.register(Endpoint)
class EndpointAdmin(LogAdmin):
    """Everything but the secrets, and of a token what its channel shows."""

    list_display = (
        "id",
        "standing",
        "channel",
        "shown_value",
        "label",
        "person",
        "deliveries",
        "last_seen",
        "failures",
        "retired_because",
    )
    list_display_links = ("id", "shown_value")
    list_filter = ("channel", StandingFilter)
    list_select_related = ("person",)
    search_fields = ("value", "person__id")  # shown as a box; read below
    search_help_text = _("The whole of an endpoint; the number of a person, or their exact address")
    actions = ("retire", "use_again")
    fields = (
        "standing",
        "channel",
        "kind",
        "shown_value",
        "label",
        "person",
        "deliveries",
        "is_exclusive",
        "created_at",
        "registered_at",
        "verified_at",
        "last_seen",
        "failures",
        "rests_until",
        "retired_at",
        "retired_because",
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Look for an endpoint as it was written, and as its channel writes it; or for those of a person."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = exact(term, person_id=int) | models.Q(person_id__in=people_at(term))
        for value in _spellings(term):
            found |= models.Q(value=value)
        return queryset.filter(found), False

    # What is shown

    @admin.display(description=_("state"))
    def standing(self, endpoint: Endpoint) -> str | Promise:
        """Return where it stands."""
        if endpoint.retired_at is not None or endpoint.verified_at is None:
            return STANDINGS["unverified" if endpoint.retired_at is None else "retired"][0]
        rests = endpoint.rests_until is not None and endpoint.rests_until > timezone.now()
        return STANDINGS["resting" if rests else "in use"][0]

    @admin.display(description=_("endpoint"))
    def shown_value(self, endpoint: Endpoint) -> str:
        """Return it as its channel shows it to others than its owner."""
        return shown_endpoint(endpoint.channel, endpoint.value)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def last_seen(self, endpoint: Endpoint) -> str:
        """Return when its program or owner was last heard of."""
        return moment(endpoint.last_seen_at)

    @admin.display(description=_("messages"))
    def deliveries(self, endpoint: Endpoint) -> str:
        """Return a link to what was sent to it, or is to be."""
        model = BY_CHANNEL.get(endpoint.channel)
        if model is None or not self.admin_site.is_registered(model):
            return "-"
        page = reverse(f"{self.admin_site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist")
        return format_html('<a href="{}?{}">{}</a>', page, urlencode({"target": endpoint.pk}), _("messages"))

    # What can be done

    def has_use_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may retire them and use them again: who may change them; this is all they can do."""
        codename = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    @admin.action(permissions=["use"], description=_("Retire: send nothing there any more"))
    def retire(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Send nothing there any more; whoever entered one is told."""
        chosen = list(queryset)
        gone = [each for each in chosen if endpoints.retire(each.pk, each.registered_at, RETIRED_BECAUSE)]
        self._log(request, gone, "Retired.")
        text = ngettext(
            "%d endpoint is used no longer. Nothing is lost: it stays in this list, and can be used again.",
            "%d endpoints are used no longer. Nothing is lost: they stay in this list, and can be used again.",
            len(gone),
        )
        _tell(request, text, len(gone), left_out=len(chosen) - len(gone))

    @admin.action(permissions=["use"], description=_("Use again"))
    def use_again(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Send there again, from the next message on."""
        chosen = Endpoint.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        total, unused = chosen.count(), list(chosen.unused())
        count = chosen.use_again()
        self._log(request, unused, "Used again.")
        text = ngettext(
            "%d endpoint is used again. What was skipped meanwhile can be sent again: see its messages.",
            "%d endpoints are used again. What was skipped meanwhile can be sent again: see their messages.",
            count,
        )
        _tell(request, text, count, left_out=total - count)

    def _log(self, request: HttpRequest, changed: list[Endpoint], what: str) -> None:
        LogEntry.objects.log_actions(cast("int", request.user.pk), changed, CHANGE, what)


def _spellings(term: str) -> set[str]:
    """Return a term as it stands and as each channel would store it."""
    found = {term}
    for channel in channels().values():
        for kind in channel.kinds if isinstance(channel, Stored) else ():
            try:
                found.add(cast("Stored", channel).clean(term, kind))
            except ValidationError:
                continue
    return found


def _tell(request: HttpRequest, text: str, count: int, *, left_out: int) -> None:
    """Say how many were changed, and how many were so already."""
    if count:
        messages.success(request, text % count)
    if left_out:
        said = ngettext("%d was so already.", "%d were so already.", left_out)
        messages.info(request, said % left_out)
