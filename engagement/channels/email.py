"""Email. People can choose it; no message is sent yet, and each outcome says so."""

from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Channel


class EmailChannel(Channel):
    """Known to preferences and wordings, and never configured in this release."""

    name = "email"
    label = _("Email")

    def configured(self) -> bool:
        """Tell that it cannot be used."""
        return False


channel = EmailChannel()
