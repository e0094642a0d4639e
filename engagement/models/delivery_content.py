"""What a message says, and of what."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.decide import Importance
from engagement.models.app import GROUP_LENGTH, REASON_LENGTH, TITLE_LENGTH, URL_LENGTH
from engagement.models.delivery_states import DeliveryState
from engagement.registry import MASK, is_sensitive, sensitive_types


def erase_sql(condition: str) -> str:
    """Return assignments that erase a message where this SQL holds, which is in them three times.

    A secret may be in any of its texts: a one-time code in the title, a reset link in the address.
    """
    return f"""
        title = CASE WHEN {condition} THEN '{MASK}' ELSE title END,
        message = CASE WHEN {condition} THEN '' ELSE message END,
        url = CASE WHEN {condition} THEN '' ELSE url END"""


def erased() -> models.Q:
    """Return what was skipped or called off and had a secret in it: no words are left to send."""
    states = [DeliveryState.SKIPPED, DeliveryState.CANCELLED]
    return models.Q(state__in=states, event_type__in=sensitive_types())


class Content(models.Model):
    """All that is needed to send it: the event may be gone by then. A digest has none of its own."""

    notifier = models.CharField(_("notifier"), max_length=200, blank=True, default="", db_default="")
    event_type = models.CharField(_("event type"), max_length=100, blank=True, default="", db_default="")
    category = models.CharField(_("category"), max_length=50, blank=True, default="", db_default="")
    title = models.CharField(_("title"), max_length=TITLE_LENGTH, blank=True, default="", db_default="")
    message = models.TextField(_("message"), blank=True, default="", db_default="")
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True, default="", db_default="")
    url = models.CharField(_("address"), max_length=URL_LENGTH, blank=True, default="", db_default="")
    about = models.CharField(_("about"), max_length=200, blank=True, default="", db_default="")
    group = models.CharField(_("group"), max_length=GROUP_LENGTH, blank=True, default="", db_default="")
    importance = models.CharField(
        _("importance"),
        max_length=10,
        choices=Importance,
        default=Importance.USUAL,
        db_default=Importance.USUAL,
    )
    is_fallback = models.BooleanField(_("fallback text"), default=False, db_default=False)
    #: In which its text is.
    language = models.CharField(_("language"), max_length=20, blank=True, default="", db_default="")

    class Meta:
        abstract = True

    def masked(self, text: str) -> str:
        """Return one of its texts for other eyes than the person's: not if the event has secrets."""
        return MASK if text and is_sensitive(self.event_type) else text
