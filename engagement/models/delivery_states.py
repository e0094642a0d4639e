"""Where a message stands, and what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from events.work import State


class DeliveryState(models.TextChoices):
    """Where a message stands: the states of all work, and two more."""

    PENDING = State.PENDING.value, _("pending")
    #: Waits for its digest, which is a Delivery itself; nobody claims it.
    HELD = "held", _("held")
    RUNNING = State.RUNNING.value, _("running")
    RETRYING = State.RETRYING.value, _("retrying")
    #: Taken by the far end; or gathered into a digest, whose state tells the rest.
    SUCCEEDED = State.SUCCEEDED.value, _("sent")
    DEAD = State.DEAD.value, _("dead")
    #: Retracted.
    CANCELLED = State.CANCELLED.value, _("cancelled")
    #: Decided anew when its turn came: not sent, for the reason in last_error.
    SKIPPED = "skipped", _("skipped")


TERMINAL = [DeliveryState.SUCCEEDED, DeliveryState.DEAD, DeliveryState.CANCELLED, DeliveryState.SKIPPED]


class Feedback(models.TextChoices):
    """What the provider told of a message afterwards."""

    NONE = "", _("none")
    DELIVERED = "delivered", _("delivered")
    #: It did not arrive, and the address is not to blame.
    FAILED = "failed", _("not delivered")
    BOUNCED = "bounced", _("bounced")
    COMPLAINED = "complained", _("complained")
    UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
