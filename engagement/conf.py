"""The settings of notifications, each with its default."""

from datetime import timedelta

from events.conf import Setting

#: Nothing is kept for longer, whatever a rule, a notifier or a setting says.
LONGEST_RETENTION = timedelta(days=3_650)


class Conf:
    """Read when used, so that tests can override them."""

    #: How long notifications are kept, unless their category or notifier says otherwise.
    retention = Setting("ENGAGEMENT_RETENTION", timedelta(hours=72))
    #: The same by category: {"security": timedelta(days=30)}.
    category_retention: Setting[dict[str, timedelta]] = Setting("ENGAGEMENT_CATEGORY_RETENTION", {})
    #: What `site` stands for in a wording.
    site_name = Setting("ENGAGEMENT_SITE_NAME", "Carillon")
    #: Hosts that a notification may lead to, besides this one.
    allowed_hosts: Setting[list[str]] = Setting("ENGAGEMENT_ALLOWED_HOSTS", [])


conf = Conf()
