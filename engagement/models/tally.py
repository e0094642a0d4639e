"""What has become of a person's notifications, month by month: what is left of NotifiableEvents when they go."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from engagement.channels import channel_choices
from events.bus import event_type_choices
from events.retention import Expiring


class Tally(Expiring):
    """How many notifications of one notifier there were for a person in a month, by what decided on one channel.

    Written by the clean-up alone: see `FOLD`. A channel on which nothing but what goes without saying was decided has
    no row: see `is_implied`. There is no constraint on the person, as on NotifiableEvents; who is deleted takes theirs
    along, but for what a clean-up is folding at that very moment, which goes in its time.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    #: Its first day. A month is one of UTC: whoever moves to another time zone has no month twice.
    month = models.DateField(_("month"))
    event_type = models.CharField(_("event type"), max_length=100, choices=event_type_choices)
    #: Which says the category, and what would apply without a choice. Empty: the person was named.
    notifier = models.CharField(_("notifier"), max_length=200, blank=True, default="", db_default="")
    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    #: Created or planned, by a choice or by what applies without one; those for a digest are counted apart.
    told = models.PositiveIntegerField(_("told"), default=0, db_default=0)
    collected = models.PositiveIntegerField(_("collected"), default=0, db_default=0)
    #: Created or planned whatever was chosen.
    required = models.PositiveIntegerField(_("required"), default=0, db_default=0)
    #: Not sent, by a choice or by what applies without one.
    declined = models.PositiveIntegerField(_("declined"), default=0, db_default=0)
    #: Wanted, but there was no way to the person on this channel.
    unreachable = models.PositiveIntegerField(_("unreachable"), default=0, db_default=0)
    #: Not sent on any channel: their own act, muted, taken back.
    barred = models.PositiveIntegerField(_("barred"), default=0, db_default=0)
    #: The days on which there was something for a choice to decide: bit 0 is the first of the month.
    days = models.PositiveIntegerField(_("days"), default=0, db_default=0)

    class Meta(Expiring.Meta):
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["person", "month", "event_type", "notifier", "channel"], name="tally_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} by {self.channel} for person {self.person_id} in {self.month:%B %Y}"
