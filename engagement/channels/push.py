"""Push notifications to devices, by whichever provider is chosen."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Connection, DeliveryError, Outgoing, Sent, Stored
from engagement.push import chosen, provider

NOBODY = (
    "Set ENGAGEMENT_FCM_CREDENTIALS, ENGAGEMENT_NOTIFICATION_SERVICE_URL or ENGAGEMENT_PUSH_PROVIDER"
    " (in this project: the same without ENGAGEMENT_)."
)
#: FCM's tokens have some 160 characters, of which it promises nothing; ids of installations have 22.
VALUE = re.compile(r"[!-~]{1,1000}")
#: Of an endpoint, the characters that are shown; of a short one half of them at the most.
SHOWN = 6


class PushConnection(Connection):
    """To the provider, which keeps connections of its own."""

    def send(self, message: Outgoing) -> Sent:
        """Send to one device."""
        found = provider()
        if found is None:
            raise DeliveryError(
                "Push is not configured in this process.", code="not configured", unreachable=True
            )
        return found.send(message)


class PushChannel(Stored):
    """To the devices that apps have registered."""

    name = "push"
    label = _("Push")
    threads = 5
    endpoint_label = _("Device")
    is_entered = False
    kinds = ("token", "fid")

    def configured(self) -> bool:
        """Tell whether there is a provider that can be used."""
        return provider() is not None

    def lacks(self) -> str:
        """Return what is wrong with the provider that the settings name, or that they name none."""
        try:
            found = chosen()
        except ImproperlyConfigured as error:
            return str(error)
        if found is None:
            return NOBODY
        return "" if found.configured() else found.problem() or f"The provider {found.name!r} is not set up."

    def provider_name(self) -> str:
        """Return the name of the provider."""
        found = provider()
        return found.name if found else ""

    @property
    def retries(self) -> Sequence[float] | None:  # type: ignore[override]  # nobody writes to it
        """Return the provider's."""
        found = provider()
        return found.retries if found else None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Return the connection for a turn."""
        yield PushConnection()

    def clean(self, value: str, kind: str = "") -> str:
        """Return a token or installation id as it is stored; it is of ASCII, and its case matters."""
        if kind not in self.kinds:
            raise ValidationError(_("No such kind of device: %(kind)s"), "kind", {"kind": kind})
        found = value.strip()
        if not VALUE.fullmatch(found):
            raise ValidationError(_("This cannot be the token or id of a device."), "invalid")
        return found

    def shown(self, value: str) -> str:
        """Return its end: with the whole of it anybody who has our credentials could write to the device."""
        return f"…{value[max(len(value) - SHOWN, len(value) // 2) :]}"


channel = PushChannel()
