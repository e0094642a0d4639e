"""The web inbox: the notification is the row."""

from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Channel


class AppChannel(Channel):
    """Always there."""

    name = "app"
    label = _("Inbox")
    is_inbox = True

    def configured(self) -> bool:
        """Tell that it needs nothing."""
        return True


channel = AppChannel()
