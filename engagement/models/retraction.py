"""What is no longer to be told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from events.retention import Expiring


class Retraction(Expiring):
    """Nobody is to hear any more of what was published about an object up to now.

    What is in the inboxes has been withdrawn; this is for the events whose notifications have yet to be made.
    """

    about = models.CharField(_("about"), max_length=200, unique=True)
    #: The newest event of the log when it was retracted; later ones are told as usual.
    last_event = models.BigIntegerField(_("last event"))
    delete_at = models.DateTimeField(_("delete at"))

    class Meta(Expiring.Meta):
        verbose_name = _("retraction")
        verbose_name_plural = _("retractions")

    def __str__(self) -> str:
        return f"{self.about} up to event #{self.last_event}"
